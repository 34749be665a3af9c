"""The erasure log as a file: what a crash may leave in it, and what is damage."""

import asyncio
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from uuid import UUID, uuid4

import pytest

from openprospect.server.core.errors import Misconfigured
from openprospect.server.privacy.log import ErasureLog, LoggedErasure


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


@pytest.fixture
def log(tmp_path):
    return ErasureLog(tmp_path / "erasures.jsonl")


async def test_what_was_added_is_read_again_in_order(log):
    added = [erasure(), erasure(), erasure()]
    for one in added:
        await log.add(one)
    assert list(log.erasures()) == added
    assert [one.mailboxes for one in log.erasures()] == [{b"\x01" * 16}] * 3


def test_a_log_that_was_never_written_holds_nothing(log):
    assert list(log.erasures()) == []


async def test_a_line_that_a_crash_cut_off_is_left_out_and_written_over(log):
    first, second = erasure("first"), erasure("second")
    await log.add(first)
    with log.path.open("ab") as file:
        file.write(b'{"id":"')
    assert list(log.erasures()) == [first]
    await log.add(second)
    assert list(log.erasures()) == [first, second]


async def test_a_damaged_line_is_named_rather_than_passed_over(log):
    await log.add(erasure())
    with log.path.open("ab") as file:
        file.write(b"{}\n")
    with pytest.raises(Misconfigured, match="line 2"):
        list(log.erasures())


async def test_only_its_owner_reads_the_log(log):
    await log.add(erasure())
    assert log.path.stat().st_mode & 0o777 == 0o600


def add_many(path, actor):
    for _ in range(50):
        asyncio.run(ErasureLog(path).add(erasure(actor)))


def test_processes_that_write_at_once_lose_no_line(log):
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as processes:
        list(processes.map(add_many, [log.path] * 4, "abcd"))
    actors = [one.actor for one in log.erasures()]
    assert {actor: actors.count(actor) for actor in "abcd"} == dict.fromkeys("abcd", 50)
