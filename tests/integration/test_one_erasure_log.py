"""A database has one erasure log: which file is taken for it, and which is not."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from openprospect.cli.erasure_log import LoggedStorage, begin_another, log_for_serving, log_in_use
from openprospect.server.access.keys import organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.core.errors import Misconfigured, Unavailable
from openprospect.server.db.pool import Database
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.privacy.erase import Subject, erase
from openprospect.server.privacy.log import Beginning, ErasureLog
from openprospect.server.privacy.model import ErasurePolicy
from openprospect.server.privacy.one_log import ReadLogs
from openprospect.server.privacy.restore import finish_restore
from openprospect.server.privacy.suppress import suppress
from tests.integration.waiting import until_somebody_waits

SOON = timedelta(days=1)


@pytest.fixture
def storage(tmp_path):
    return LoggedStorage(database_url="postgresql://is.not.asked/here", erasure_log=tmp_path / "erasures.jsonl")


async def keep_out(database, log, domain):
    organization = await organization_named(database, DEFAULT_ORGANIZATION)
    async with database.transaction() as db:
        await suppress(db, organization.id, [domain], actor="somebody", log=log)


async def begun_in_place_of(former, path):
    log = ErasureLog(path)
    await log.add(Beginning.of(replaces=[former.first_line_hash()]), known_by=log.begin())
    return log


def another(storage):
    return LoggedStorage(database_url=storage.database_url, erasure_log=storage.erasure_log.with_name("another.jsonl"))


async def erase_maria(database, log):
    organization = await organization_named(database, DEFAULT_ORGANIZATION)
    policy = ErasurePolicy(deadline=SOON, log=log)
    await erase(database, Writing(database), organization.id, Subject(email="maria@h.example"), actor="somebody", policy=policy)


def emptied(log):
    log.write_bytes(b"")


def exchanged(log):
    log.unlink()
    ErasureLog(log).begin()


async def test_the_first_log_of_a_database_is_begun_and_stays_its_log(database, storage):
    log = await log_in_use(database, storage)
    assert log.first_line_hash() is not None
    assert (await log_for_serving(database, LoggedStorage(database_url=storage.database_url))).path == log.path


@pytest.mark.parametrize(("lose", "state"), [(Path.unlink, "is not there"), (emptied, "is empty"), (exchanged, "is another file")])
@pytest.mark.parametrize("is_anybody_erased", [True, False])
async def test_a_log_that_was_lost_is_not_begun_anew(database, storage, lose, state, is_anybody_erased):
    log = await log_in_use(database, storage)
    if is_anybody_erased:
        await keep_out(database, log, "competitor.example")
    lose(log.path)
    left = log.path.read_bytes() if log.path.exists() else None
    for uses in (log_in_use, log_for_serving):
        with pytest.raises(Misconfigured, match=f"written to one log, and {log.path} {state}"):
            await uses(database, storage)
    assert (log.path.read_bytes() if log.path.exists() else None) == left


async def test_the_same_log_is_known_wherever_a_machine_has_mounted_it(database, storage, tmp_path):
    log = await log_in_use(database, storage)
    there = tmp_path / "mounted.jsonl"
    there.hardlink_to(log.path)
    assert (await log_in_use(database, LoggedStorage(database_url="x", erasure_log=there))).path == there


async def as_an_earlier_version_left_it(database, log, *, place):
    """Known by its place alone, if at all, and with no first line of its own."""
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join(lines[1:]))
    await database.execute("UPDATE erasure_log SET first_line_hash = NULL, place = $1", place)


@pytest.mark.parametrize("is_noted", [True, False])
async def test_the_log_of_an_earlier_version_goes_on_as_it_is(database, storage, is_noted):
    log = await log_in_use(database, storage)
    await keep_out(database, log, "competitor.example")
    await as_an_earlier_version_left_it(database, log, place=str(log.path) if is_noted else None)
    before = log.path.read_bytes()
    await log_in_use(database, storage)
    assert log.path.read_bytes() == before
    emptied(log.path)
    with pytest.raises(Misconfigured, match="is empty"):
        await log_in_use(database, storage)


async def test_an_empty_log_of_an_earlier_version_is_begun_where_nobody_was_erased_and_lost_where_somebody_was(database, storage):
    log = await log_in_use(database, storage)
    await as_an_earlier_version_left_it(database, log, place=str(log.path))
    assert (await log_in_use(database, storage)).first_line_hash() is not None
    await keep_out(database, log, "competitor.example")
    await as_an_earlier_version_left_it(database, log, place=str(log.path))
    emptied(log.path)
    with pytest.raises(Misconfigured, match="is empty"):
        await log_in_use(database, storage)


async def test_another_file_than_an_earlier_version_wrote_to_is_not_taken_for_its_log(database, storage, tmp_path):
    log = await log_in_use(database, storage)
    await keep_out(database, log, "competitor.example")
    await as_an_earlier_version_left_it(database, log, place=str(tmp_path / "earlier.jsonl"))
    with pytest.raises(Misconfigured, match=r"is another file\. It was last at .*earlier\.jsonl"):
        await log_in_use(database, storage)


async def test_a_log_that_was_begun_in_place_of_the_known_one_is_taken_for_it_and_the_former_no_more(database, storage, tmp_path):
    """As after a recovery to a moment before the other was begun."""
    former = await log_in_use(database, storage)
    successor = await begun_in_place_of(former, tmp_path / "successor.jsonl")
    assert (await log_in_use(database, LoggedStorage(database_url="x", erasure_log=successor.path))).path == successor.path
    with pytest.raises(Misconfigured, match="is another file"):
        await log_in_use(database, storage)


async def test_a_restore_that_the_clock_refuses_leaves_the_log_that_is_known(database, storage, search_id, deliver):
    known = await log_in_use(database, storage)
    await deliver("one")
    await database.execute("UPDATE prospect_search SET watermark = watermark + interval '4 years' WHERE id = $1", search_id)
    strange = ErasureLog(storage.erasure_log.with_name("strange.jsonl"))
    strange.begin()
    for logs in (ReadLogs.of([strange, known], place=None), None):
        with pytest.raises(Misconfigured, match="yet to come"):
            await finish_restore(database, logs, deadline=SOON)
        with pytest.raises(Misconfigured, match="is not the erasure log that this database had"):
            await finish_restore(database, ReadLogs.of([strange], place=None), deadline=SOON, is_clock_right=True)


@pytest.mark.parametrize("has_walls", [False, True])
async def test_whoever_holds_a_log_that_another_took_the_place_of_changes_nothing_any_more(dsn, database, storage, has_walls):
    former = await log_in_use(database, storage)
    async with await Database.open(dsn, size=1, tenants_size=int(has_walls)) as service:
        assert service.has_walls == has_walls
        own = service.within((await organization_named(database, DEFAULT_ORGANIZATION)).id)
        await keep_out(own, former, "competitor.example")
        await begin_another(database, another(storage))
        written = former.path.read_bytes()
        with pytest.raises(Unavailable, match="is not, or no longer, the erasure log of this database, so nothing was changed"):
            await keep_out(own, former, "other.example")
        with pytest.raises(Unavailable, match="is not, or no longer, the erasure log"):
            await erase_maria(own, former)
    assert former.path.read_bytes() == written
    assert await database.value("SELECT count(*) FROM suppression") == 1
    assert await database.value("SELECT count(*) FROM erasure") == 0


async def test_another_log_begins_once_those_who_write_to_the_former_have_ended_and_holds_what_they_did(database, storage):
    former = await log_in_use(database, storage)
    async with database.transaction() as db:
        await suppress(db, (await organization_named(database, DEFAULT_ORGANIZATION)).id, ["a.example"], actor="somebody", log=former)
        beginning = asyncio.create_task(begin_another(database, another(storage)))
        await until_somebody_waits(database)
    log, _ = await beginning
    assert [entry.marks for entry in log.entries()] == [entry.marks for entry in former.entries()]
