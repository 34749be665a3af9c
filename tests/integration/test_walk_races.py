"""Walks that two statements are at in the same moment: runs that meet, and statements that come late."""

import asyncio

import httpx

from openprospect.server.db.pool import Database
from tests.integration.conftest import Deliver, pull
from tests.integration.pages import SEVEN, ask, sources, versions
from tests.integration.waiting import until_somebody_waits


async def places(database: Database) -> list[tuple[int, int]]:
    """Where walks go on, and how many runs stand there."""
    rows = await database.rows("SELECT next_offset, sum(runs)::integer AS runs FROM walk GROUP BY next_offset ORDER BY next_offset")
    return [(row["next_offset"], row["runs"]) for row in rows]


async def test_runs_that_ask_for_a_page_together_leave_no_place_behind_that_nobody_stands_at(
    client: httpx.AsyncClient, database: Database, search_id: str, deliver: Deliver
) -> None:
    await deliver(*SEVEN)
    for _ in range(3):
        await pull(client, search_id, limit=2)
    await asyncio.gather(*(pull(client, search_id, limit=2, offset=2) for _ in range(2)))
    assert await places(database) == [(2, 1), (4, 2)]
    await asyncio.gather(*(pull(client, search_id, limit=limit, offset=4) for limit in (1, 2)))
    assert await places(database) == [(2, 1), (5, 1), (6, 1)]


async def test_a_run_that_joins_a_walk_which_moves_on_at_that_moment_keeps_its_place(
    client: httpx.AsyncClient, database: Database, search_id: str, deliver: Deliver
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    async with database.transaction() as db:
        await db.execute("UPDATE walk SET runs = runs + 1")
        moving = asyncio.create_task(pull(client, search_id, limit=2, offset=2))
        await until_somebody_waits(database)
    await moving
    assert await places(database) == [(2, 1), (4, 1)]


async def test_a_run_that_would_join_a_walk_which_moves_on_at_that_moment_begins_one_of_its_own(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    async with database.transaction() as db:
        await db.execute("UPDATE walk SET page_offset = 2, next_offset = 4, reached_offset = 4")
        joining = asyncio.create_task(pull(client, search_id, limit=2))
        await until_somebody_waits(database)
    assert sources(await joining) == ["a", "b"]
    assert {row["next_offset"] for row in await database.rows("SELECT next_offset FROM walk")} == {2, 4}


async def test_a_first_page_that_is_written_down_late_takes_no_page_of_the_run_that_began_meanwhile(
    client: httpx.AsyncClient, database: Database, search_id: str, deliver: Deliver
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    async with database.transaction() as db:
        await db.execute("UPDATE walk SET used_at = used_at")
        lost = asyncio.create_task(pull(client, search_id, limit=2))
        await until_somebody_waits(database)
        await deliver(*versions(*"fgabcde", version=2))
        first = await pull(client, search_id, limit=2)
    await lost
    assert [sources(first), sources(await pull(client, search_id, limit=2, offset=2))] == [["f", "g"], ["a", "b"]]
    assert (await ask(client, search_id, limit=2, offset=2)).json()["code"] == "WALK_CONTESTED"
    assert [sources(await pull(client, search_id, limit=2, offset=offset)) for offset in (4, 6)] == [["c", "d"], ["e"]]


async def test_runs_that_ask_for_a_page_in_two_statements_both_go_on(
    client: httpx.AsyncClient, database: Database, search_id: str, deliver: Deliver
) -> None:
    await deliver(*SEVEN)
    for _ in range(2):
        await pull(client, search_id, limit=2)
    async with database.transaction() as db:
        await db.execute("UPDATE walk SET runs = runs - 1")  # as the other one does that goes on
        moving = asyncio.create_task(pull(client, search_id, limit=2, offset=2))
        await until_somebody_waits(database)
    await moving
    assert await places(database) == [(4, 1)]


async def test_a_statement_that_comes_late_takes_no_walk_back(
    client: httpx.AsyncClient, database: Database, search_id: str, deliver: Deliver
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    async with database.transaction() as db:
        await db.execute("UPDATE walk SET page_offset = 4, next_offset = 6, reached_offset = 6")
        late = asyncio.create_task(pull(client, search_id, limit=2, offset=2))
        await until_somebody_waits(database)
    assert sources(await late) == ["c", "d"]
    assert await places(database) == [(6, 1)]
