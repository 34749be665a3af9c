"""How long a walk lives, what it survives, and what is tidied up after it."""

import asyncio

import httpx

from openprospect.server.app import create_app
from openprospect.server.db.pool import Database
from tests.integration.conftest import Deliver, Service, pull, running
from tests.integration.pages import SEVEN, ask, sources, versions, walk
from tests.integration.tidying import tidy


async def age_walks(database: Database, interval: str) -> None:
    await database.execute("UPDATE walk SET used_at = used_at - $1::text::interval, begun_at = begun_at - $1::text::interval", interval)


async def count_walks(database: Database) -> int:
    count: int = await database.value("SELECT count(*) FROM walk")
    return count


async def test_a_walk_goes_on_at_another_worker_and_after_a_restart(dsn: str, service: Service, deliver: Deliver, search_id: str) -> None:
    await deliver(*SEVEN)
    key = (await service.client("crm")).headers["authorization"]
    found = []
    for offset in (0, 2, 4, 6):
        async with running(create_app(dsn)) as transport:
            here = Service(transport, service.database).caller({"Authorization": key})
            found += sources(await pull(here, search_id, limit=2, offset=offset))
        await deliver(*versions(*SEVEN, version=offset))
    assert found == [*SEVEN]


async def test_a_new_key_of_the_same_name_goes_on_with_the_walk(service: Service, search_id: str, deliver: Deliver) -> None:
    await deliver(*SEVEN)
    await pull(await service.client("crm"), search_id, limit=2)
    await deliver(*versions("c", version=2))
    assert sources(await pull(await service.client("crm"), search_id, limit=2, offset=2)) == ["c", "d"]


async def test_an_expired_walk_says_so_and_the_next_one_goes_to_the_end(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    await age_walks(database, "61 minutes")
    response = await ask(client, search_id, limit=2, offset=2)
    assert (response.status_code, response.json()["code"]) == (410, "WALK_EXPIRED")
    assert "offset 0" in response.json()["message"]
    assert await walk(client, search_id) == [*SEVEN]


async def test_after_the_new_start_a_page_asked_for_again_is_not_expired(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    await age_walks(database, "61 minutes")
    assert (await ask(client, search_id, limit=2, offset=2)).status_code == 410
    assert await walk(client, search_id) == [*SEVEN]
    assert sources(await pull(client, search_id, limit=2, offset=2)) == ["c", "d"]


async def test_a_walk_lives_an_hour_after_its_last_page(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    await deliver(*SEVEN)
    found = sources(await pull(client, search_id, limit=2))
    for offset in (2, 4, 6):
        await deliver(*versions(*SEVEN, version=offset))
        await age_walks(database, "59 minutes")
        await tidy(database)
        found += sources(await pull(client, search_id, limit=2, offset=offset))
    assert found == [*SEVEN]


async def test_beginning_again_is_a_walk_with_an_hour_of_its_own(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    await age_walks(database, "20 minutes")
    await pull(client, search_id, limit=2)
    await age_walks(database, "50 minutes")
    assert sources(await pull(client, search_id, limit=2, offset=2)) == ["c", "d"]


async def test_a_slow_run_is_told_that_it_expired_even_while_another_is_going(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    await pull(client, search_id, limit=2, offset=2)
    await age_walks(database, "61 minutes")
    await deliver(*versions("a", version=2))
    await pull(client, search_id, limit=2)
    assert (await ask(client, search_id, limit=2, offset=4)).status_code == 410
    assert sources(await pull(client, search_id, limit=2, offset=2)) == ["d", "e"]


async def test_whoever_loses_an_answer_long_after_a_run_broke_off_is_told_once_that_it_expired(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    await age_walks(database, "61 minutes")
    await deliver(*versions("a", "b", version=2))
    answers = []
    for _ in range(3):
        await pull(client, search_id, limit=2)
        assert sources(await pull(client, search_id, limit=2, offset=2)) == ["e", "f"]
        answers.append((await ask(client, search_id, limit=2, offset=2)).json())
    assert answers[0]["code"] == "WALK_EXPIRED"
    assert [sources(answer) for answer in answers[1:]] == [["e", "f"], ["e", "f"]]


async def test_an_expired_walk_is_remembered_for_a_week(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    await age_walks(database, "6 days 23 hours")
    await tidy(database)
    assert (await ask(client, search_id, limit=2, offset=2)).status_code == 410
    await age_walks(database, "2 hours")
    await tidy(database)
    assert await count_walks(database) == 0
    assert sources(await pull(client, search_id, limit=2, offset=2)) == ["c", "d"]


async def test_a_poll_of_a_single_page_writes_nothing(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    until = (await deliver(*SEVEN))["delivered_until"]
    await pull(client, search_id)
    await pull(client, search_id, limit=7)
    await pull(client, search_id, delivered_since=until)
    await pull(client, search_id, limit=2, after="2000-01-01T00:00:00Z")
    assert await count_walks(database) == 0
    await pull(client, search_id, limit=6)
    assert await count_walks(database) == 1


async def test_housekeeping_waits_for_living_walks_and_then_cleans_up(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    await deliver(*SEVEN)
    found = sources(await pull(client, search_id, limit=2))
    await deliver(*versions(*SEVEN, version=2))
    await pull(client, search_id, limit=1)
    await _let_pass(database, "20 minutes")
    await tidy(database)
    for offset in (2, 4, 6):
        found += sources(await pull(client, search_id, limit=2, offset=offset))
        await tidy(database)
    assert found == [*SEVEN]
    assert await _superseded(database) == 7
    await age_walks(database, "71 minutes")
    await tidy(database)
    assert await _superseded(database) == 0
    assert await walk(client, search_id) == [*SEVEN]


async def test_housekeeping_leaves_what_a_walk_just_beginning_may_need(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    await deliver(*SEVEN)
    await deliver(*versions(*SEVEN, version=2))
    await tidy(database)
    assert await _superseded(database) == 7


async def _let_pass(database: Database, interval: str) -> None:
    """Everything that was delivered happened so much earlier."""
    for table, columns in {
        "delivery": ("delivered_at", "superseded_at"),
        "prospect_search": ("watermark",),
        "walk": ("watermark",),
    }.items():
        moved = ", ".join(f"{column} = {column} - $1::text::interval" for column in columns)
        await database.execute(f"UPDATE {table} SET {moved}", interval)


async def _superseded(database: Database) -> int:
    count: int = await database.value("SELECT count(*) FROM delivery WHERE superseded_at IS NOT NULL")
    return count


async def test_polling_a_first_page_again_leaves_one_row_and_in_the_end_writes_nothing(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    await deliver(*SEVEN)
    await asyncio.gather(*(pull(client, search_id, limit=2) for _ in range(110)))
    before = await database.rows("SELECT walk, xmin FROM walk")
    assert len(before) == 1
    await pull(client, search_id, limit=2)
    assert await database.rows("SELECT walk, xmin FROM walk") == before


async def test_a_page_asked_for_again_writes_nothing(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    await pull(client, search_id, limit=2, offset=2)
    before = await database.rows("SELECT walk, xmin FROM walk")
    await pull(client, search_id, limit=2, offset=2)
    assert await database.rows("SELECT walk, xmin FROM walk") == before


async def test_runs_that_share_a_beginning_go_on_each_by_itself(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver(*SEVEN)
    for _ in range(3):
        await pull(client, search_id, limit=2)
    await deliver(*versions(*SEVEN, version=2))
    assert sources(await pull(client, search_id, limit=3)) == ["a", "b", "c"]
    newest = sources(await pull(client, search_id, limit=4, offset=3))
    names = [[item["name"] for item in (await pull(client, search_id, limit=2, offset=2))["items"]] for _ in range(3)]
    assert newest == ["d", "e", "f", "g"]
    assert names == [["c", "d"]] * 3


async def test_an_hour_of_a_page_asked_for_again_and_again_counts_from_the_last_time(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    for _ in range(3):
        await pull(client, search_id, limit=2, offset=2)
        await age_walks(database, "50 minutes")
    assert sources(await pull(client, search_id, limit=2, offset=4)) == ["e", "f"]
