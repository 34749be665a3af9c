"""Walks: plain offset pages are exact, whatever happens between them."""

from collections.abc import Sequence

import httpx
import pytest

from openprospect.server.db.pool import Database
from tests.integration.conftest import Deliver, Service, open_search, pull
from tests.integration.naive_client import NaiveClient
from tests.integration.pages import SEVEN, ask, sources, versions, walk


async def test_a_walk_shows_the_feed_as_it_was_when_it_began(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    result = await deliver(*SEVEN)
    first = await pull(client, search_id, limit=2)
    await deliver("new", *versions("c", version=2))
    assert (await client.delete(f"/deliveries/{search_id}/companies/{result['items'][4]['id']}")).status_code == 204
    pages = [await pull(client, search_id, limit=2, offset=offset) for offset in (2, 4, 6)]
    assert [sources(page) for page in pages] == [["c", "d"], ["e", "f"], ["g"]]
    assert pages[0]["items"][0]["name"] == "c"
    assert [page["total"] for page in (first, *pages)] == [7, 7, 7, 7]
    assert [page["has_more"] for page in (first, *pages)] == [True, True, True, False]


async def test_what_changed_during_a_walk_comes_with_the_next(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver(*SEVEN)
    consumer = NaiveClient(client, search_id)
    await consumer.pull(2)
    await deliver("new", *versions("c", version=2))
    await consumer.sync(2)
    assert [item["source_id"] for item in await consumer.sync(2)] == ["new", "c"]


async def test_an_erased_person_is_gone_from_a_walk_and_the_slot_stays(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    people = [{"email": "maria@example.com"}, {"email": "otto@example.com"}]
    await deliver("a", "b", {"name": "c", "source_id": "c", "prospects": people}, "d")
    before = await ask(client, search_id, limit=2)
    held = await ask(client, search_id, limit=2, offset=2)
    await deliver({"name": "c as it is since", "source_id": "c", "prospects": people})
    assert (await client.post("/erasures", json={"email": "maria@example.com"})).status_code == 201
    response = await client.get(
        f"/deliveries/{search_id}/companies", params={"limit": 2, "offset": 2}, headers={"If-None-Match": held.headers["etag"]}
    )
    assert response.status_code == 200
    assert sources(response.json()) == ["c", "d"]
    assert [person["email"] for person in response.json()["items"][0]["prospects"]] == ["otto@example.com"]
    assert response.headers["delivery-watermark"] == before.headers["delivery-watermark"]


async def test_runs_that_overlap_keep_their_own_snapshots(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    await pull(client, search_id, limit=2, offset=2)
    await deliver(*versions("c", "g", version=2))
    nightly = sources(await pull(client, search_id, limit=2))
    slow = sources(await pull(client, search_id, limit=2, offset=4))
    nightly += sources(await pull(client, search_id, limit=2, offset=2))
    slow += sources(await pull(client, search_id, limit=2, offset=6))
    nightly += sources(await pull(client, search_id, limit=3, offset=4))
    assert slow == ["e", "f", "g"]
    assert nightly == ["a", "b", "d", "e", "f", "c", "g"]


async def test_runs_that_begin_at_the_same_moment_do_not_disturb_each_other(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    await pull(client, search_id, limit=2)
    fast = sources(await pull(client, search_id, limit=2, offset=2))
    await deliver(*versions("a", "b", "c", version=2))
    assert await walk(client, search_id) == ["d", "e", "f", "g", "a", "b", "c"]
    assert sources(await pull(client, search_id, limit=2, offset=2)) == fast == ["c", "d"]


async def test_a_lost_answer_after_a_run_that_broke_off_is_never_given_from_that_runs_snapshot(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)  # and no more: it broke off
    await deliver(*versions("a", "b", version=2))
    again = NaiveClient(client, search_id)
    await again.pull(2)
    assert sources(await pull(client, search_id, limit=2, offset=2)) == ["e", "f"]  # which is lost
    answer = await ask(client, search_id, limit=2, offset=2)
    assert (answer.status_code, answer.json()["code"]) == (410, "WALK_CONTESTED")
    again.crash()
    assert [item["source_id"] for item in await again.sync(2)] == ["e", "f", "g", "a", "b"]


async def test_any_number_of_newer_walks_does_not_push_one_out(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    await pull(client, search_id, limit=2, offset=2)
    await deliver(*versions("e", version=2))
    await pull(client, search_id, limit=1)
    await database.execute(
        "INSERT INTO walk (prospect_search_id, consumer, watermark, total, next_offset, next_position, page_offset, page_position,"
        " reached_offset) SELECT prospect_search_id, consumer, watermark, total, 6, 7, 0, 0, 6"
        " FROM walk, generate_series(1, 200) WHERE walk.id = (SELECT max(id) FROM walk)"
    )
    assert sources(await pull(client, search_id, limit=3, offset=4)) == ["e", "f", "g"]


async def test_the_newest_walk_is_the_one_that_began_last_also_after_the_clock_was_set_back(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    await database.execute("UPDATE walk SET begun_at = begun_at + interval '1 hour'")
    await deliver(*versions("a", "c", version=2))
    first = await pull(client, search_id, limit=2)
    rest = [await pull(client, search_id, limit=2, offset=offset) for offset in (2, 4, 6)]
    assert [sources(page) for page in (first, *rest)] == [["b", "d"], ["e", "f"], ["g", "a"], ["c"]]


async def test_a_page_may_be_asked_for_again(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    second = await pull(client, search_id, limit=2, offset=2)
    await deliver(*versions(*SEVEN, version=2))
    assert await pull(client, search_id, limit=2, offset=2) == second
    last = await pull(client, search_id, limit=3, offset=4)
    assert await pull(client, search_id, limit=3, offset=4) == last
    assert sources(last) == ["e", "f", "g"]


async def test_pages_may_be_fetched_in_any_order(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver(*SEVEN)
    found = {0: sources(await pull(client, search_id, limit=2))}
    await deliver(*versions("a", "d", version=2))
    for offset in (6, 2, 4):
        found[offset] = sources(await pull(client, search_id, limit=2, offset=offset))
    assert [company for offset in sorted(found) for company in found[offset]] == [*SEVEN]


@pytest.mark.parametrize(("before", "after"), [((2, 4, 6), (4, 6, 2)), ((6, 2, 4), (6, 4, 2))])
async def test_pages_of_a_run_in_any_order_are_none_of_the_run_that_ended_before(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, before: Sequence[int], after: Sequence[int]
) -> None:
    await deliver(*SEVEN)
    for offset in (0, *before):
        await pull(client, search_id, limit=2, offset=offset)
    await deliver(*versions(*SEVEN[::-1], version=2))
    found = {offset: sources(await pull(client, search_id, limit=2, offset=offset)) for offset in (0, *after)}
    assert [company for offset in sorted(found) for company in found[offset]] == list(SEVEN[::-1])


async def test_a_run_that_asks_first_for_the_page_that_the_one_before_ended_with_is_told_so_once(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    await deliver(*SEVEN)
    assert await walk(client, search_id) == [*SEVEN]
    await deliver(*versions("a", "b", version=2))
    await pull(client, search_id, limit=2)
    assert (await ask(client, search_id, limit=2, offset=6)).json()["code"] == "WALK_CONTESTED"
    pages = [await pull(client, search_id, limit=2, offset=offset) for offset in (0, 6, 4, 2)]
    assert [sources(page) for page in pages] == [["c", "d"], ["b"], ["g", "a"], ["e", "f"]]


@pytest.mark.parametrize("limits", [(2, 1, 3, 1), (1, 5, 1), (3, 100)])
async def test_the_limit_may_change_on_the_way(client: httpx.AsyncClient, search_id: str, deliver: Deliver, limits: Sequence[int]) -> None:
    await deliver(*SEVEN)
    found: list[str] = []
    for limit in limits:
        page = await pull(client, search_id, limit=limit, offset=len(found))
        found += sources(page)
        await deliver(*versions("b", "e", version=len(found)))
    assert found == [*SEVEN]
    assert not page["has_more"]


async def test_walks_of_different_starts_do_not_meet(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver(*SEVEN)
    since = (await pull(client, search_id, limit=1))["items"][0]["delivered_at"]
    await pull(client, search_id, limit=2, delivered_since=since)
    assert sources(await pull(client, search_id, limit=2)) == ["a", "b"]
    assert sources(await pull(client, search_id, limit=2, offset=2, delivered_since=since)) == ["d", "e"]
    assert sources(await pull(client, search_id, limit=2, offset=2)) == ["c", "d"]


@pytest.mark.parametrize("beginning", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z", "0001-01-01T00:00:00.0000001Z"])
async def test_a_walk_from_the_first_moment_of_the_calendar_is_not_a_full_walk(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, beginning: str
) -> None:
    result = await deliver(*SEVEN)
    assert (await client.delete(f"/deliveries/{search_id}/companies/{result['items'][0]['id']}")).status_code == 204
    await deliver(*versions(*SEVEN[1:], version=2))
    assert sources(await pull(client, search_id, limit=2)) == ["b", "c"]
    assert await walk(client, search_id, delivered_since=beginning) == list(SEVEN)


async def test_consumers_do_not_share_walks(service: Service, client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver(*SEVEN)
    crm, warehouse = await service.client("crm"), await service.client("warehouse")
    await pull(crm, search_id, limit=2)
    await deliver(*versions("c", version=2))
    await pull(warehouse, search_id, limit=2)
    assert sources(await pull(crm, search_id, limit=2, offset=2)) == ["c", "d"]
    assert sources(await pull(warehouse, search_id, limit=2, offset=2)) == ["d", "e"]


async def test_an_offset_without_any_walk_begins_one_there(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver(*SEVEN)
    since = (await pull(client, search_id, limit=100))["items"][0]["delivered_at"]
    assert sources(await pull(client, search_id, limit=2, offset=3)) == ["d", "e"]
    assert sources(await pull(client, search_id, limit=2, offset=1, delivered_since=since)) == ["c", "d"]
    await deliver(*versions("f", version=2))
    rest = await pull(client, search_id, limit=2, offset=5)
    assert (sources(rest), rest["total"], rest["has_more"]) == (["f", "g"], 7, False)
    assert sources(await pull(client, search_id, limit=9, offset=3, delivered_since=since)) == ["e", "f", "g"]


@pytest.mark.parametrize("limit", [2, 100])
async def test_an_offset_past_the_end_is_an_empty_last_page(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, limit: int
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=limit)
    for offset in (7, 1_000, 2**63 - 1):
        page = await pull(client, search_id, limit=limit, offset=offset)
        assert page == {"items": [], "total": 7, "limit": limit, "offset": offset, "has_more": False}
        page = await pull(client, search_id, limit=limit, offset=offset, delivered_since="2000-01-01T00:00:00Z")
        assert page == {"items": [], "total": 7, "limit": limit, "offset": offset, "has_more": False}
    assert await pull(client, await open_search(client, "empty"), offset=1) == {
        "items": [],
        "total": 0,
        "limit": 50,
        "offset": 1,
        "has_more": False,
    }
