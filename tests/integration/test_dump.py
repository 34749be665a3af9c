"""A dump's file: whole under its name or not there, never in place of another, whoever writes one of the same name meanwhile."""

import asyncio
import errno
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context

import asyncpg
import pytest

from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.clients import server_at
from openprospect.server.db.dump import dump
from openprospect.server.db.programs import running

DUMPING = "SELECT FROM pg_stat_activity WHERE application_name = 'pg_dump' AND datname = current_database() AND wait_event_type = 'Lock'"


async def dumps_held_up(dsn, path, *, count, meanwhile=lambda: None):
    """What came of so many dumps into one file, by one process at one time."""
    server = await server_at(dsn)
    connection, looking = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    async with connection.transaction():
        await connection.execute("LOCK TABLE company IN ACCESS EXCLUSIVE MODE")
        dumps = [asyncio.create_task(asyncio.to_thread(dump, server, path, without_rows_of="instance")) for _ in range(count)]
        async with asyncio.timeout(60):
            while len(await looking.fetch(DUMPING)) < count:  # noqa: ASYNC110  # what is waited for happens in a database
                await asyncio.sleep(0.02)
        meanwhile()
    await connection.close()
    await looking.close()
    return await asyncio.gather(*dumps, return_exceptions=True)


async def test_of_two_dumps_into_one_file_one_is_kept_whole_and_the_other_told(dsn, tmp_path):
    path = tmp_path / "nightly.dump"
    first, second = await dumps_held_up(dsn, path, count=2)
    kept, refused = (first, second) if isinstance(first, int) else (second, first)
    assert kept == path.stat().st_size > 0
    assert isinstance(refused, Misconfigured)
    assert "nightly.dump exists already" in refused.message
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_file_that_somebody_makes_meanwhile_is_not_overwritten(dsn, tmp_path):
    path = tmp_path / "nightly.dump"
    (refused,) = await dumps_held_up(dsn, path, count=1, meanwhile=lambda: path.write_text("theirs"))
    assert "exists already" in refused.message
    assert path.read_text() == "theirs"


async def test_what_a_killed_dump_left_keeps_nobody_from_the_next(dsn, tmp_path):
    path = tmp_path / "nightly.dump"
    left = tmp_path / ".nightly.dump.partial-1"
    left.touch()
    assert dump(await server_at(dsn), path, without_rows_of="instance") == path.stat().st_size
    assert left.exists()


def dump_in_steps(server, path, *, has_links=True):
    """The sizes that the file is seen with, at each step that a kill could come before."""
    sizes = set()

    def look(event, _arguments):
        if event == "os.link" and not has_links:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        with suppress(FileNotFoundError):
            sizes.add(os.stat(path).st_size)  # noqa: PTH116  # as little as can be: it is called at every step

    sys.addaudithook(look)
    dump(server, path, without_rows_of="instance")
    return sizes


@pytest.fixture
def processes():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        yield processes


async def test_a_dump_that_is_killed_leaves_no_file_of_its_name_that_is_not_whole(dsn, tmp_path, processes):
    path = tmp_path / "nightly.dump"
    assert processes.submit(dump_in_steps, await server_at(dsn), path).result() == {path.stat().st_size}
    assert list(tmp_path.iterdir()) == [path]


async def test_a_dump_goes_where_the_file_system_has_no_links_too(dsn, tmp_path, processes):
    path = tmp_path / "nightly.dump"
    sizes = processes.submit(dump_in_steps, await server_at(dsn), path, has_links=False).result()
    assert max(sizes) == path.stat().st_size > 0
    assert list(tmp_path.iterdir()) == [path]


async def test_a_folder_that_is_not_there_is_told_as_such(dsn, tmp_path):
    with pytest.raises(Misconfigured, match=r"nowhere/nightly\.dump cannot be written: No such file or directory\."):
        dump(await server_at(dsn), tmp_path / "nowhere" / "nightly.dump", without_rows_of="instance")


def test_a_program_that_cannot_be_run_is_told_by_its_name(tmp_path):
    nowhere = tmp_path / "nowhere"
    with (
        pytest.raises(Misconfigured, match=r"PostgreSQL's program \S+/pg_dump cannot be run: No such file"),
        running("pg_dump", cwd=nowhere),
    ):
        pass
