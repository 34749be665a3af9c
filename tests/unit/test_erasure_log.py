"""The erasure log as a file: what a crash may leave in it, and what is damage."""

import asyncio
import fcntl
import os
import resource
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from openprospect.server.core.errors import Misconfigured, Unavailable
from openprospect.server.privacy.log import Beginning, ErasureLog, LoggedErasure, LoggedListing


def erasure(actor="somebody"):
    return LoggedErasure(
        id=uuid4(),
        organization_id=UUID(int=1),
        at=datetime(2026, 2, 25, tzinfo=UTC),
        actor=actor,
        subject_hash=b"\x01" * 16,
        prospect_ids=[UUID(int=2)],
        marks=[("email", b"\x01" * 16), ("name", b"\x02" * 16)],
    )


def listing(change="added"):
    at = datetime(2026, 2, 26, tzinfo=UTC)
    return LoggedListing(organization_id=UUID(int=1), at=at, actor="somebody", change=change, marks=[("domain", b"\x03" * 16)])


async def add(log, *entries):
    await log.add(*entries, known_by=log.first_line_hash())


@pytest.fixture
def log(tmp_path):
    log = ErasureLog(tmp_path / "erasures.jsonl")
    log.begin()
    return log


async def test_what_was_added_is_read_again_in_order(log):
    added = [erasure(), listing(), erasure(), listing("removed")]
    for one in added:
        await add(log, one)
    assert list(log.entries()) == added
    assert [one.mailboxes for one in log.entries() if isinstance(one, LoggedErasure)] == [{b"\x01" * 16}] * 2


def test_a_log_of_a_version_that_knew_erasures_alone_is_read(log):
    line = (
        '{"id":"00000000-0000-4000-8000-000000000001","organization_id":"00000000-0000-4000-8000-000000000002","at":"2026-02-25T12:00:00Z",'
    )
    log.path.write_text(line + '"actor":"x","subject_hash":"eA==","prospect_ids":[],"marks":[["email","eA=="]]}\n')
    assert [entry.marks for entry in log.entries()] == [[("email", b"x")]]


def test_a_log_that_was_just_begun_holds_nothing_and_is_begun_once(log):
    first_line_hash = log.first_line_hash()
    log.begin()
    assert list(log.entries()) == []
    assert log.stands_for() == {first_line_hash} == {log.first_line_hash()}


def test_two_logs_are_never_taken_for_each_other(log, tmp_path):
    another = ErasureLog(tmp_path / "another.jsonl")
    another.begin()
    assert another.first_line_hash() != log.first_line_hash()


async def test_a_log_stands_for_those_it_was_begun_in_place_of(log):
    await add(log, erasure(), Beginning.of(replaces=[b"\x07" * 32]), erasure())
    assert log.stands_for() == {log.first_line_hash(), b"\x07" * 32}
    assert len(list(log.entries())) == 2


@pytest.mark.parametrize("lose", [Path.unlink, lambda path: path.write_bytes(b""), lambda path: path.write_bytes(b'{"log":')])
async def test_nothing_is_added_where_the_log_is_lost(log, lose):
    lose(log.path)
    left = log.path.read_bytes() if log.path.exists() else None
    assert log.first_line_hash() is None
    with pytest.raises(Unavailable, match="nothing was changed"):
        await add(log, erasure())
    assert (log.path.read_bytes() if log.path.exists() else None) == left


async def test_nothing_is_added_to_another_log_than_the_one_that_is_known(log):
    another = ErasureLog(log.path.with_name("another.jsonl"))
    before = log.path.read_bytes()
    for known_by in (another.begin(), None):
        with pytest.raises(Unavailable, match="is not, or no longer, the erasure log of this database, so nothing was changed"):
            await log.add(erasure(), known_by=known_by)
    assert log.path.read_bytes() == before


@pytest.mark.parametrize("path", ["", "erasures.jsonl/log.jsonl"])
def test_what_is_no_file_is_told_as_such(log, path):
    with pytest.raises(Misconfigured, match=r"cannot be read: (Is|Not) a directory"):
        ErasureLog(log.path.parent / path).first_line_hash()


def complaint_of_another_account(path):
    if os.geteuid() == 0:
        os.seteuid(65534)
    try:
        ErasureLog(path).first_line_hash()
    except Misconfigured as error:
        return error.message


def test_a_log_of_another_account_is_told_by_its_owner(log):
    log.path.chmod(0)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        said = processes.submit(complaint_of_another_account, log.path).result()
    assert f"{log.path} belongs to the user `{log.path.owner()}`" in said
    assert "Run this as that user" in said


async def test_a_line_that_a_crash_cut_off_is_left_out_and_written_over(log):
    first, second = erasure("first"), erasure("second")
    await add(log, first)
    with log.path.open("ab") as file:
        file.write(b'{"id":"')
    assert list(log.entries()) == [first]
    await add(log, second)
    assert list(log.entries()) == [first, second]


async def test_what_somebody_is_just_writing_is_read_once_it_is_whole(log):
    before = log.path.stat().st_size
    await add(log, erasure())
    whole = log.path.read_bytes()
    with log.path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(before + 10)
        reading = asyncio.create_task(asyncio.to_thread(log.since, None, known_by=log.first_line_hash()))
        while not reading.done() and not is_waited_for(log.path):  # noqa: ASYNC110  # the kernel tells nobody
            await asyncio.sleep(0.01)
        file.write(whole)
    assert len((await reading).entries) == 1


def is_waited_for(path):
    return any("-> FLOCK" in line and f":{path.stat().st_ino} " in line for line in Path("/proc/locks").read_text().splitlines())


@pytest.mark.parametrize("line", [b"{}\n", b'{"change":"else"}\n', b'{"change":"added","marks":1}\n', b'{"id":"{"id":"1"}\n'])
async def test_a_damaged_line_is_named_rather_than_passed_over(log, line):
    await add(log, erasure())
    with log.path.open("ab") as file:
        file.write(line)
    with pytest.raises(Misconfigured, match="line 3"):
        list(log.entries())


async def test_only_its_owner_reads_the_log(log):
    await add(log, erasure())
    assert log.path.stat().st_mode & 0o777 == 0o600


def add_many(path, actor):
    for _ in range(50):
        asyncio.run(add(ErasureLog(path), erasure(actor)))


def test_processes_that_write_at_once_lose_no_line(log):
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as processes:
        list(processes.map(add_many, [log.path] * 4, "abcd"))
    actors = [one.actor for one in log.entries()]
    assert {actor: actors.count(actor) for actor in "abcd"} == dict.fromkeys("abcd", 50)


def add_where_there_is_little_room(path):
    """Which entries were said to be written, and which were not."""
    log = ErasureLog(path)
    written, refused = [erasure()], []
    before = path.stat().st_size
    asyncio.run(add(log, written[0]))
    room = path.stat().st_size + 3 * (path.stat().st_size - before) // 2
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    for entry in [erasure() for _ in range(4)]:
        try:
            asyncio.run(add(log, entry))
            written.append(entry)
        except Unavailable:
            refused.append(entry)
    return written, refused


def test_what_found_no_room_is_refused_and_leaves_nothing_in_the_log(log):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        written, refused = processes.submit(add_where_there_is_little_room, log.path).result()
    assert (len(written), len(refused)) == (2, 3)
    assert list(log.entries()) == written
    assert log.path.read_bytes().endswith(b"\n")
