"""What an erasure reads beforehand, minutes of it where there is much, is at nobody's expense."""

import asyncio
import subprocess
from datetime import timedelta
from uuid import UUID

import pytest

from openprospect.demo.service import COMMAND, clean_environment
from openprospect.server.access.keys import create_organization
from openprospect.server.access.model import OrganizationId
from openprospect.server.core.errors import Busy
from openprospect.server.db.pool import Database
from openprospect.server.feed.store import SQL, hold_organization
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.privacy.disclosure import disclose
from openprospect.server.privacy.erase import Subject, erase
from openprospect.server.privacy.model import ErasurePolicy
from openprospect.server.privacy.suppress import suppress
from tests.integration.conftest import SECRET_KEY
from tests.webhooks.conftest import eventually

POLICY = ErasurePolicy(deadline=timedelta(days=1), log=None)
SOMEBODY = Subject(email="somebody@example.com")


class MuchToRead:
    """A database with so much in it that an answer takes until it is allowed. It has statements alone, and lends nobody a connection."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.asked = 0
        self.may_answer = asyncio.Event()

    async def rows(self, sql, *args):
        self.asked += 1
        await self.may_answer.wait()
        return await self._database.rows(sql, *args)

    async def value(self, sql, *args):
        return await self._database.value(sql, *args)


def erasing(much, writing, organization_id):
    return asyncio.create_task(erase(much, writing, organization_id, SOMEBODY, actor="test", policy=POLICY))


async def asked(much, times):
    await eventually(lambda: asyncio.sleep(0, much.asked), lambda count: count == times)


@pytest.fixture
async def organizations(database: Database) -> list[OrganizationId]:
    return [(await create_organization(database, f"tenant {number}", actor="test")).id for number in range(3)]


@pytest.fixture
def much(database: Database) -> MuchToRead:
    return MuchToRead(database)


@pytest.fixture
async def writing(dsn: str):
    async with await Database.open(dsn, size=2, lock_seconds=0.05) as database:
        yield Writing(database, patience_seconds=0.5)


async def test_an_erasure_that_read_for_longer_than_anybodys_patience_still_waits_for_a_delivery(database, writing, organizations, much):
    erasure = erasing(much, writing, organizations[0])
    await asked(much, 1)
    await asyncio.sleep(writing.patience_seconds + 0.1)  # the time that it reads is what this is about
    async with database.transaction() as db:
        await hold_organization(db, organizations[0])
        much.may_answer.set()
        while not await database.value("SELECT count(*) FROM pg_locks, pg_sleep(0.01) WHERE NOT granted"):
            pass
        await asyncio.sleep(0.1)  # past the first time that the erasure gives its connection back
        assert not erasure.done()
    assert await erasure


async def test_two_tenants_with_much_to_read_keep_a_third_from_nothing(database, writing, organizations, much):
    reading = [erasing(much, writing, organization_id) for organization_id in organizations[:2]]
    await asked(much, 2)
    third = organizations[2]
    assert await writing.alone(third, lambda db: suppress(db, third, ["example.com"], actor="test", log=None)) == 1
    await erase(database, writing, third, SOMEBODY, actor="test", policy=POLICY)
    much.may_answer.set()
    assert all(await asyncio.gather(*reading))


async def test_one_tenant_reads_for_one_erasure_or_look_at_a_time(writing, organizations, much):
    first = erasing(much, writing, organizations[0])
    await asked(much, 1)
    with pytest.raises(Busy):
        await disclose(much, writing, organizations[0], SOMEBODY, actor="test")
    assert much.asked == 1
    much.may_answer.set()
    assert await first


@pytest.mark.parametrize("command", [["erase", "somebody@example.com"], ["suppressions", "add", "example.com"]])
async def test_a_command_that_waits_for_a_long_delivery_lets_others_deliver(dsn, database, search_id, command):
    organization_id = OrganizationId(await database.value("SELECT organization_id FROM prospect_search WHERE id = $1", UUID(search_id)))
    environment = clean_environment(OPENPROSPECT_DATABASE_URL=dsn, OPENPROSPECT_SECRET_KEY=SECRET_KEY)

    async def may_deliver():
        async with database.transaction() as another:
            return (await another.row(SQL.hold_organization, organization_id))["is_held"]

    async with database.transaction() as db:
        await hold_organization(db, organization_id)
        waiting = asyncio.create_task(
            asyncio.to_thread(subprocess.run, [COMMAND, *command], env=environment, check=True, capture_output=True)
        )
        await eventually(may_deliver, lambda is_held: not is_held)
        await eventually(may_deliver, lambda is_held: is_held, seconds=10)
        assert not waiting.done()
    assert (await waiting).returncode == 0
