"""A database that knows less than its erasure log, as after a failover or a recovery: nobody is served from it as it is."""

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import asyncpg
import pytest

from openprospect.cli.erasure_log import LoggedStorage, log_for_serving
from openprospect.server.access.keys import organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.app import create_app
from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.pool import Database
from openprospect.server.feed.store import hold_organization_alone
from openprospect.server.instance.store import note_erasure_log
from openprospect.server.privacy import suppress as lists
from openprospect.server.privacy.erase import Subject, erase_found
from openprospect.server.privacy.finding import Finding
from openprospect.server.privacy.in_step import catch_up
from openprospect.server.privacy.log import ErasureLog
from openprospect.server.privacy.model import ErasurePolicy
from openprospect.server.settings import Settings
from tests.integration.conftest import Service, open_search, running
from tests.integration.waiting import until_somebody_waits

MARIA = "maria@h.example"
HOTEL = {
    "source_id": "h",
    "name": "Hotel",
    "prospects": [{"first_name": "Maria", "email": MARIA}, {"first_name": "Bo", "email": "bo@h.example"}],
}
SOON = timedelta(days=1)


@pytest.fixture
async def log(database, tmp_path):
    """The log of the database."""
    return await log_at_start(database, tmp_path / "log.jsonl")


async def log_at_start(database, path):
    """What a service that starts takes for the log."""
    return await log_for_serving(database, LoggedStorage(database_url="postgresql://is.not.asked/here", erasure_log=path))


@asynccontextmanager
async def two_workers(dsn, log, headers):
    """Clients of two workers of one service."""
    settings = Settings(erasure_log=str(log.path))
    async with (
        await Database.open(dsn, size=1) as database,
        running(create_app(dsn, settings)) as first,
        running(create_app(dsn, settings)) as second,
    ):
        services = [Service(transport, database) for transport in (first, second)]
        yield [service.caller(headers) for service in services]
        for service in services:
            await service.close()


async def patiently(ask):
    """What is answered once it is not 503."""
    for _ in range(400):
        answer = await ask()
        if answer.status_code != 503:
            assert answer.is_success, answer.text
            return answer.json()
        await asyncio.sleep(0.05)
    raise AssertionError(answer.text)


async def names(client, path):
    """Who is in the first page that is given."""
    page = await patiently(lambda: client.get(path))
    return [person["first_name"] for company in page["items"] for person in company["prospects"]]


@pytest.fixture
async def older(postgres, dsn, log):
    """A database with a feed, and a copy of it to be put in its place: the path of the feed, a key's headers, and what does that."""
    name = dsn.partition("?")[0].rpartition("/")[2]
    async with await Database.open(dsn, size=1) as database, running(create_app(dsn)) as transport:
        service = Service(transport, database)
        client = await service.client()
        path = f"/deliveries/{await open_search(client)}/companies"
        await patiently(lambda: client.post(path, json={"companies": [HOTEL]}))
        await catch_up(database, log, deadline=SOON)
        headers = {"Authorization": client.headers["Authorization"]}
        await service.close()
    connection = await asyncpg.connect(postgres)
    copied = f'CREATE DATABASE "{name}_copy" TEMPLATE "{name}"', f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'
    exchanged = f'ALTER DATABASE "{name}" RENAME TO "{name}_lost"', f'ALTER DATABASE "{name}_copy" RENAME TO "{name}"'
    await alone(connection, name, *copied)
    yield path, headers, lambda: alone(connection, name, *exchanged)
    for which in ("copy", "lost"):
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}_{which}" WITH (FORCE)')
    await connection.close()


async def alone(connection, name, *statements):
    """While nobody is connected."""
    await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await connection.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1", name)
    for statement in statements:
        await connection.execute(statement)


@pytest.fixture
async def organization_id(database):
    return (await organization_named(database, DEFAULT_ORGANIZATION)).id


async def test_a_service_whose_database_is_exchanged_for_an_older_one_serves_nobody_who_was_erased(dsn, log, older, caplog):
    path, headers, exchange = older
    async with two_workers(dsn, log, headers) as (first, second):
        await patiently(lambda: first.post("/erasures", json={"email": MARIA}))
        await exchange()
        for client in (first, second):
            assert await names(client, path) == ["Bo"]
        (company,) = (await second.post(path, json={"companies": [HOTEL]})).json()["items"]
        assert company["suppressed"] == 1
    assert "the database lacked erasures that its log knows" in caplog.text


async def test_nobody_is_served_from_an_older_database_while_its_log_is_away(dsn, log, older):
    away = log.path.with_suffix(".away")
    path, headers, exchange = older
    async with two_workers(dsn, log, headers) as (first, second):
        await patiently(lambda: first.post("/erasures", json={"email": MARIA}))
        log.path.rename(away)
        await exchange()
        for client in (first, second):
            answer = await client.get(path)
            assert answer.status_code == 503
        assert f"The erasure log {log.path} cannot be read" in answer.json()["message"]
        away.rename(log.path)
        assert await names(second, path) == ["Bo"]


class Failed(Exception):
    """What fails a transaction, once it has written down what it is about to commit."""


async def failing(database, work):
    with suppress(Failed):
        async with database.transaction() as db:
            await work(db)
            raise Failed


async def erasing(db, organization_id, log):
    subject = Subject(email=MARIA)
    finding = Finding(organization_id, subject.person)
    await erase_found(db, organization_id, subject, actor="test", policy=ErasurePolicy(deadline=SOON, log=log), finding=finding)


async def listed(database):
    return await database.value("SELECT count(*) FROM suppression")


async def erasures(database):
    return await database.value("SELECT count(*) FROM erasure")


async def test_an_erasure_that_was_written_down_and_not_committed_is_carried_out_once(database, organization_id, log):
    await catch_up(database, log, deadline=SOON)
    await failing(database, lambda db: erasing(db, organization_id, log))
    assert (await erasures(database), await listed(database)) == (0, 0)
    for _ in range(2):
        await catch_up(database, log, deadline=SOON)
        assert (await erasures(database), await listed(database)) == (1, 1)


async def test_an_erasure_that_failed_and_was_asked_for_again_is_no_second_one(database, organization_id, log):
    await catch_up(database, log, deadline=SOON)
    await failing(database, lambda db: erasing(db, organization_id, log))
    async with database.transaction() as db:
        await erasing(db, organization_id, log)
    await catch_up(database, log, deadline=SOON)
    assert (await erasures(database), await listed(database)) == (1, 1)


async def test_lists_become_what_the_log_says_in_its_own_order(database, organization_id, log):
    """Whatever the clocks of those who wrote into it."""
    await catch_up(database, log, deadline=SOON)
    async with database.transaction() as db:
        await lists.suppress(db, organization_id, ["a.example", "b.example"], actor="test", log=log)
    await failing(database, lambda db: lists.unsuppress(db, organization_id, ["a.example"], actor="test", log=log))
    turned = log.path.read_bytes().replace(b'"at":"2', b'"at":"1', 3).replace(b'"at":"1', b'"at":"2', 2)
    log.path.write_bytes(turned)
    await catch_up(database, log, deadline=SOON)
    assert await listed(database) == 1


async def test_an_erasure_that_is_just_being_committed_is_waited_for(database, organization_id, log):
    await catch_up(database, log, deadline=SOON)
    async with database.transaction() as db:
        await erasing(db, organization_id, log)
        turn = asyncio.create_task(catch_up(database, log, deadline=SOON))
        await until_somebody_waits(database)
    await turn
    assert await erasures(database) == 1


async def test_a_list_that_is_just_being_changed_is_left_as_that_leaves_it(database, organization_id, log):
    await catch_up(database, log, deadline=SOON)
    async with database.transaction() as db:
        await lists.suppress(db, organization_id, ["competitor.example"], actor="test", log=log)
    async with database.transaction() as db:
        await hold_organization_alone(db, organization_id)
        turn = asyncio.create_task(catch_up(database, log, deadline=SOON))
        await until_somebody_waits(database)
        await lists.unsuppress(db, organization_id, ["competitor.example"], actor="test", log=log)
    await turn
    assert await listed(database) == 0


async def test_an_older_copy_of_the_log_is_not_taken_for_it(database, organization_id, log):
    older = log.path.read_bytes()
    async with database.transaction() as db:
        await lists.suppress(db, organization_id, ["competitor.example"], actor="test", log=log)
    await catch_up(database, log, deadline=SOON)
    newer = log.path.read_bytes()
    log.path.write_bytes(older)
    with pytest.raises(Misconfigured, match=r"lacks what this database has read there before.*erasures begin-log"):
        await catch_up(database, log, deadline=SOON)
    log.path.write_bytes(newer + b'{"id":"')  # as a machine that died leaves it
    await catch_up(database, log, deadline=SOON)


async def test_a_service_that_starts_knows_how_far_the_log_was_read(database, organization_id, log, tmp_path):
    older = log.path.read_bytes()
    await catch_up(database, log, deadline=SOON)
    async with database.transaction() as db:
        await lists.suppress(db, organization_id, ["competitor.example"], actor="test", log=log)
    await database.execute("DELETE FROM suppression")  # as a database that is taken back has it
    moved = log.path.rename(tmp_path / "moved.jsonl")
    await catch_up(database, await log_at_start(database, moved), deadline=SOON)
    assert await listed(database) == 1
    moved.write_bytes(older)
    with pytest.raises(Misconfigured, match="lacks what this database has read there before"):
        await catch_up(database, await log_at_start(database, moved), deadline=SOON)


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_log_that_another_took_the_place_of_is_not_taken_for_a_copy_of_that(database, log, tmp_path, is_there):
    another = ErasureLog(tmp_path / "another.jsonl")
    await note_erasure_log(database, another.begin(), another.path)
    await catch_up(database, another, deadline=SOON)
    if not is_there:
        log.path.write_bytes(b"")
    with pytest.raises(Misconfigured, match=f"{log.path} is not the erasure log of this database"):
        await catch_up(database, log, deadline=SOON)


async def test_a_log_that_was_never_read_changes_no_list(database, organization_id, log):
    async with database.transaction() as db:
        await lists.suppress(db, organization_id, ["competitor.example"], actor="test", log=log)
    await database.execute("DELETE FROM suppression")
    await catch_up(database, log, deadline=SOON)
    assert await listed(database) == 0
