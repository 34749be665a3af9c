"""Connections that are kept at hand: as many as may be, none that broke, and none in a state that somebody left it in."""

import asyncio
import gc
from contextlib import suppress
from typing import Any, cast

import asyncpg
import pytest

from openprospect.server.core.errors import Unavailable
from openprospect.server.db.lending import Lender
from openprospect.server.db.pool import Database

BACKEND = "SELECT pg_backend_pid()"
BESIDE_ANOTHER = "SELECT pg_backend_pid() FROM pg_sleep(0.05)"
RUNS = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1"


@pytest.fixture
async def database(dsn):
    async with await Database.open(dsn, size=2, patience_seconds=0.5) as database:
        yield database


async def test_one_statement_after_the_other_uses_one_connection(database):
    assert len({await database.value(BACKEND) for _ in range(5)}) == 1


async def test_a_transaction_leaves_its_connection_for_the_next_statement(database):
    async with database.transaction() as db:
        backend = await db.value(BACKEND)
    assert await database.value(BACKEND) == backend


async def test_many_at_once_share_as_many_connections_as_may_be(database):
    backends = await asyncio.gather(*(database.value(BESIDE_ANOTHER) for _ in range(6)))
    assert len(set(backends)) == 2


async def test_whoever_waits_too_long_for_a_connection_is_told_so(database):
    async with database.transaction(), database.transaction():
        with pytest.raises(Unavailable):
            await database.value(BACKEND)
    assert await database.value(BACKEND)


async def test_where_more_is_asked_than_can_be_answered_some_of_it_still_is(database):
    asked = []
    for _ in range(150):  # a hundred a second, of which there is time for twenty
        asked.append(asyncio.create_task(database.value("SELECT true FROM pg_sleep(0.1)")))
        await asyncio.sleep(0.01)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert True in answers[-50:]


async def test_connections_that_are_all_on_loan_are_kept_nevertheless(database):
    async with database.transaction() as db, database.transaction() as other:
        backends = {await db.value(BACKEND), await other.value(BACKEND)}
        with pytest.raises(Unavailable):
            await database.value(BACKEND)
    assert set(await asyncio.gather(*(database.value(BESIDE_ANOTHER) for _ in range(2)))) == backends


async def test_whoever_gives_up_waiting_takes_no_connection_along(database):
    async with database.transaction(), database.transaction():
        waiting = [asyncio.create_task(database.value(BACKEND)) for _ in range(4)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert all(await asyncio.gather(*(database.value(BACKEND) for _ in range(4))))


async def test_a_connection_that_breaks_while_nobody_uses_it_is_not_lent_again(database, dsn):
    backend = await database.value(BACKEND)
    async with await Database.open(dsn, size=1) as other:
        await other.value("SELECT pg_terminate_backend($1, 5000)", backend)
    assert await database.value(BACKEND) != backend


async def test_a_statement_that_is_cancelled_leaves_nothing_of_itself_to_the_next(database):
    sleeping = asyncio.create_task(database.value("SELECT 'slept' FROM pg_sleep(60)"))
    while not await database.value(RUNS, "SELECT 'slept'%"):
        pass
    sleeping.cancel()
    await asyncio.gather(sleeping, return_exceptions=True)
    assert await asyncio.gather(*(database.value("SELECT $1::integer", number) for number in range(8))) == list(range(8))


async def test_a_statement_that_takes_too_long_ends_those_that_are_kept_too(database):
    before = await asyncio.gather(*(database.value(BESIDE_ANOTHER) for _ in range(2)))
    with pytest.raises(Unavailable):
        await database.value("SELECT pg_sleep(60)")
    after = await asyncio.gather(*(database.value(BESIDE_ANOTHER) for _ in range(2)))
    assert len({*before, *after}) == 4


class PoolOfBreaking:
    """A driver's pool whose connections break while they are given back, which it says in its own way."""

    async def acquire(self, **_options):
        return self

    def is_closed(self):
        return False

    async def release(self, _raw, **_options):
        raise asyncpg.InternalClientError("PoolConnectionHolder.release() called on a free connection holder")

    async def close(self):
        pass


async def test_a_connection_that_breaks_while_it_is_given_back_is_no_error(caplog):
    lender = Lender(cast("Any", PoolOfBreaking()), size=1)
    until = asyncio.get_running_loop().time() + 5
    with suppress(Unavailable):
        async with lender.lend(free_until=until, until=until):
            raise Unavailable("broken")
    async with lender.lend(free_until=until, until=until):
        pass
    await lender.close()
    gc.collect()
    assert caplog.records == []


async def test_what_is_on_loan_then_ends_when_it_comes_back(database):
    async with database.transaction() as db:
        backend = await db.value(BACKEND)
        with pytest.raises(Unavailable):
            await database.value("SELECT pg_sleep(60)")
    assert await database.value(BACKEND) != backend
