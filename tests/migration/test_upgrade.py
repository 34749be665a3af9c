"""From each earlier release's database to this version's: consumers, walks and webhooks go on, with nothing missing and nothing doubled."""

import asyncio
import sys
from datetime import datetime

import asyncpg
import httpx
import pytest

from openprospect.server.app import create_app
from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.migrate import check_version, migrate, migrations
from openprospect.server.db.partition import split
from openprospect.server.db.schema import FILE, schema_of
from tests.databases import EMPTY, cloned
from tests.integration.conftest import BASE_URL, running
from tests.integration.naive_client import NaiveClient
from tests.migration.release import FOLDER, LIMIT, SETTINGS, load
from tests.webhooks.conftest import until
from tests.webhooks.receiver import Receiver

RELEASES = sorted(FOLDER.glob("*.sql"))
ASLEEP = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
MIGRATE = """
import asyncio, pathlib, sys
from openprospect.server.db.migrate import migrate
asyncio.run(migrate(sys.argv[1], folder=pathlib.Path(sys.argv[2])))
"""


async def execute(dsn, sql):
    connection = await asyncpg.connect(dsn)
    await connection.execute(sql)
    await connection.close()


async def fetch(dsn, sql):
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(sql)
    await connection.close()
    return rows


@pytest.fixture(params=RELEASES, ids=lambda path: path.stem)
async def left(request, postgres):
    """The URL of a release's database, and what its consumers hold; its walks were in use a moment ago."""
    held, sql = load(request.param)
    async with cloned(postgres, EMPTY) as dsn:
        await execute(dsn, sql)
        await execute(dsn, "UPDATE public.walk SET begun_at = clock_timestamp(), used_at = clock_timestamp()")
        yield dsn, held


@pytest.fixture
def receiver():
    with Receiver().listening() as receiver:
        yield receiver


def caller(transport, held, name):
    headers = {"Authorization": held["keys"][name]}
    return httpx.AsyncClient(transport=transport, base_url=f"{BASE_URL}/api/v1", headers=headers, timeout=60)


@pytest.mark.parametrize("partitions", [1, 2])
async def test_consumers_go_on_where_they_were(left, receiver, partitions):
    dsn, held = left
    await migrate(dsn)
    await split(dsn, into=partitions)
    await execute(dsn, f"UPDATE webhook SET url = '{receiver.url()}'; UPDATE webhook_position SET next_attempt_at = now()")
    search_id = held["search_id"]
    async with running(create_app(dsn, SETTINGS)) as transport, caller(transport, held, "crm") as http:
        consumer = NaiveClient(http, search_id, held=held["held"], cursor=held["cursor"])
        assert [item["id"] for item in await consumer.sync()] == held["changed"]
        fresh = NaiveClient(http, search_id)
        await fresh.sync()
        assert {key: item for key, item in consumer.held.items() if "removed_at" not in item} == fresh.held
        expected = [*held["changed"], held["changed"][-1]]  # somebody was erased at the last one, which is an event of its own
        await until(receiver, lambda seen: len(seen.once_each()) >= len(expected))
        assert [event["data"]["company_id"] for event in receiver.once_each()] == expected


async def test_a_walk_goes_on_as_of_its_moment(left):
    dsn, held = left
    await migrate(dsn)
    async with running(create_app(dsn, SETTINGS)) as transport, caller(transport, held, "nightly") as http:
        seen = list(held["walked"])
        while len(seen) < len(held["snapshot"]):
            question = {"limit": LIMIT, "offset": len(seen)}
            page = (await http.get(f"/deliveries/{held['search_id']}/companies", params=question)).raise_for_status().json()
            seen += [item["id"] for item in page["items"]]
        assert seen == held["snapshot"]
        assert not page["has_more"]


async def test_what_is_delivered_after_an_upgrade_comes_after_all_that_came_before(left):
    dsn, held = left
    await migrate(dsn)
    async with running(create_app(dsn, SETTINGS)) as transport, caller(transport, held, "producer") as http:
        path = f"/deliveries/{held['search_id']}/companies"
        before = (await http.get(path, params={"limit": 100})).raise_for_status().json()["items"]
        (await http.post(path, json={"companies": [{"name": "Hotel 3, again", "source_id": "3"}]})).raise_for_status()
        after = (await http.get(path, params={"limit": 100})).raise_for_status().json()["items"]
        assert datetime.fromisoformat(after[-1]["delivered_at"]) > datetime.fromisoformat(before[-1]["delivered_at"])
        assert sorted(item["id"] for item in after) == sorted(item["id"] for item in before)


async def test_its_schema_becomes_this_version_s(left):
    dsn, _ = left
    await migrate(dsn)
    assert schema_of(dsn) == FILE.read_text(encoding="utf-8")


async def test_a_migration_that_is_killed_leaves_the_schema_of_before_and_is_run_again(left, tmp_path):
    dsn, _ = left
    before = schema_of(dsn)
    applied = {row["version"] for row in await fetch(dsn, "SELECT version FROM public.schema_migration")}
    for migration in migrations():
        (tmp_path / f"{migration.version}.sql").write_text(migration.sql)
    first = next(migration for migration in migrations() if migration.version not in applied)
    (tmp_path / f"{first.version}.sql").write_text(f"{first.sql}; SELECT pg_sleep(1.5)")
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, dsn, str(tmp_path))
    async with asyncio.timeout(60):
        while not await fetch(dsn, ASLEEP):  # noqa: ASYNC110  # what is waited for happens in a database
            await asyncio.sleep(0.02)
    process.kill()
    await process.wait()
    assert schema_of(dsn) == before
    await asyncio.gather(migrate(dsn), migrate(dsn))
    assert schema_of(dsn) == FILE.read_text(encoding="utf-8")


async def test_a_service_that_does_not_migrate_wants_the_schema_of_its_own_version(left):
    dsn, _ = left
    with pytest.raises(Misconfigured, match="`openprospect migrate`"):
        await check_version(dsn)
    await migrate(dsn)
    await check_version(dsn)
    await execute(dsn, "INSERT INTO schema_migration (version) VALUES ('9999_from_the_future')")
    with pytest.raises(Misconfigured, match=r"9999_from_the_future.*newer version"):
        await check_version(dsn)
