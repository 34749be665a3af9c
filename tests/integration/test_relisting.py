"""A restored database keeps out whom the log says to keep out: what was put on a list since the backup, and what was taken off it."""

from datetime import timedelta
from pathlib import Path

import pytest

from openprospect.cli.erasure_log import LoggedStorage, begin_another
from openprospect.server.access.keys import organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.instance.store import note_erasure_log
from openprospect.server.privacy.erase import Subject, erase
from openprospect.server.privacy.log import ErasureLog
from openprospect.server.privacy.model import ErasurePolicy
from openprospect.server.privacy.one_log import ReadLogs
from openprospect.server.privacy.restore import finish_restore
from openprospect.server.privacy.suppress import import_lines, suppress, unsuppress
from tests.integration.people import MARIA as MARIA_OF_HOTEL
from tests.integration.people import hotel

MARIA = "maria@h.example"
SOON = timedelta(days=1)


class List:
    """The suppression list of an organization, with the log of what was done to it."""

    def __init__(self, database, organization_id, log):
        self.database, self.organization_id, self.log = database, organization_id, log

    async def change(self, how, *entries):
        async with self.database.transaction() as db:
            await how(db, self.organization_id, entries, actor="test", log=self.log)

    async def erase(self, email):
        policy = ErasurePolicy(deadline=SOON, log=self.log)
        await erase(self.database, Writing(self.database), self.organization_id, Subject(email=email), actor="test", policy=policy)

    async def lose_log(self):
        lost = self.log.path
        lost.unlink()
        storage = LoggedStorage(database_url="x", erasure_log=lost.with_name("another.jsonl"))
        self.log, _ = await begin_another(self.database, storage)

    async def content(self):
        return sorted((row["kind"], row["hash"]) for row in await self.database.rows("SELECT kind, hash FROM suppression"))

    async def restored(self, *, to):
        """What it holds once the database is what it was then, and restored."""
        await self.database.execute("DELETE FROM suppression")
        columns = [[row[0] for row in to], [row[1] for row in to]]
        insert = "INSERT INTO suppression (organization_id, kind, hash) SELECT $1, * FROM unnest($2::text[], $3::bytea[])"
        await self.database.execute(insert, self.organization_id, *columns)
        await finish_restore(self.database, ReadLogs.of([self.log], place=None), deadline=SOON)
        return await self.content()


@pytest.fixture
async def listed(database, tmp_path: Path):
    organization_id = (await organization_named(database, DEFAULT_ORGANIZATION)).id
    log = ErasureLog(tmp_path / "log.jsonl")
    await note_erasure_log(database, log.begin(), log.path)
    return List(database, organization_id, log)


async def test_what_was_put_on_the_list_since_the_backup_is_on_it(listed):
    await listed.change(suppress, "bo@h.example")
    before = await listed.content()
    await listed.change(suppress, MARIA, "competitor.example")
    await listed.change(import_lines, "# people", "zoe@h.example")
    after = await listed.content()
    assert (len(before), len(after)) == (1, 4)
    assert await listed.restored(to=before) == after


async def test_what_was_taken_off_the_list_since_the_backup_is_not_on_it(listed):
    await listed.change(suppress, MARIA, "competitor.example")
    before = await listed.content()
    await listed.change(unsuppress, MARIA)
    after = await listed.content()
    assert len(after) == 1
    assert await listed.restored(to=before) == after


async def test_the_last_word_counts(listed):
    for how in (suppress, unsuppress, suppress, unsuppress):
        await listed.change(how, MARIA)
    await listed.change(unsuppress, "bo@h.example")
    await listed.change(suppress, "bo@h.example")
    assert await listed.restored(to=[]) == await listed.restored(to=await listed.content())
    assert len(await listed.content()) == 1


async def test_who_was_let_in_after_an_erasure_that_the_backup_lacks_stays_let_in(listed, database):
    await listed.erase(MARIA)
    await listed.change(unsuppress, MARIA)
    after = await listed.content()
    await database.execute("DELETE FROM erasure")
    assert await listed.restored(to=[]) == after


@pytest.mark.parametrize("others", [[], ["competitor.example"]])
async def test_who_was_let_in_before_the_log_was_lost_is_not_on_the_list_again(listed, others):
    await listed.change(suppress, MARIA, *others)
    before = await listed.content()
    await listed.change(unsuppress, MARIA)
    await listed.lose_log()
    await listed.change(suppress, "zoe@h.example")
    after = await listed.content()
    assert len(after) == len(others) + 1
    assert await listed.restored(to=before) == after


async def test_who_was_erased_before_the_log_was_lost_is_kept_out_by_all_that_the_restore_finds_of_them(listed, database, deliver):
    await listed.erase(MARIA)
    await listed.lose_log()
    await database.execute("DELETE FROM erasure")
    await database.execute("DELETE FROM suppression")
    await deliver(hotel(MARIA_OF_HOTEL | {"email": MARIA}))
    kinds = {kind for kind, _ in await listed.restored(to=[])}
    assert kinds == {"email", "name", "prospect"}


async def test_who_was_erased_after_being_let_in_stays_out(listed):
    await listed.change(unsuppress, MARIA)
    await listed.erase(MARIA)
    after = await listed.content()
    assert len(after) == 1
    assert await listed.restored(to=after) == after


async def test_a_list_that_no_log_tells_of_stays_as_it_is(listed):
    """As an earlier version left it, which wrote down erasures alone."""
    await listed.erase(MARIA)
    assert await listed.restored(to=[]) == []


async def test_an_organization_that_the_backup_does_not_know_is_passed_over(listed, database):
    await listed.change(suppress, MARIA)
    await database.execute("DELETE FROM suppression")
    strange = ErasureLog(listed.log.path.with_suffix(".strange"))
    strange.path.write_bytes(
        listed.log.path.read_bytes().replace(str(listed.organization_id).encode(), b"00000000-0000-4000-8000-000000000001")
    )
    await finish_restore(database, ReadLogs.of([strange], place=None), deadline=SOON)
    assert await listed.content() == []
