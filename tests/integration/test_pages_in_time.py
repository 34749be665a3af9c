"""What a page carries for those who come back: links, watermarks and ETags."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from openprospect.server.app import create_app
from openprospect.server.db.pool import Database
from tests.integration.conftest import Deliver, Service, pull, running
from tests.integration.naive_client import NaiveClient
from tests.integration.pages import SEVEN, ask, sources, versions, walk


async def test_links_pass_over_nothing_and_repeat_nothing(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver(*SEVEN)
    consumer = NaiveClient(client, search_id, follows_links=True)
    answers = [await consumer.pull(2)]
    await deliver(*versions("a", "e", version=2))
    while consumer.is_walking:
        answers.append(await consumer.pull(2))
    assert [sources(answer.page) for answer in answers] == [["a", "b"], ["c", "d"], ["f", "g"], ["a", "e"]]
    assert [answer.page["total"] for answer in answers] == [7, 6, 4, 2]
    assert [answer.link is None for answer in answers] == [False, False, False, True]


async def test_a_link_goes_on_after_everything_has_stopped(dsn: str, client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    """There is nothing to remember: neither a walk nor an hour."""
    await deliver(*SEVEN)
    link = (await ask(client, search_id, limit=4)).links["next"]["url"]
    async with running(create_app(dsn)) as transport:
        response = await httpx.AsyncClient(transport=transport, headers=client.headers).get(link)
    assert sources(response.json()) == ["e", "f", "g"]
    assert "link" not in response.headers


async def test_every_page_but_the_last_carries_a_link(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver(*SEVEN)
    feed = f"http://service.test/api/v1/deliveries/{search_id}"
    for offset in (0, 2, 4):
        response = await ask(client, search_id, limit=2, offset=offset)
        last = response.json()["items"][-1]["delivered_at"]
        links = f'<{feed}/companies?after={last}&limit=2>; rel="next", <{feed}/export>; rel="alternate"; type="application/x-ndjson"'
        assert response.headers["link"] == links
    assert "link" not in (await ask(client, search_id, limit=2, offset=6)).headers


async def test_the_watermark_stands_on_every_page_and_is_a_safe_cursor(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    until = (await deliver(*SEVEN))["delivered_until"]
    watermarks = []
    for offset in (0, 2, 4, 6):
        watermarks.append((await ask(client, search_id, limit=2, offset=offset)).headers["delivery-watermark"])
        await deliver(f"during the walk {offset}")
    assert watermarks == [until] * 4
    expected = [f"during the walk {offset}" for offset in (0, 2, 4, 6)]
    assert await walk(client, search_id, delivered_since=watermarks[-1]) == expected


async def test_a_broken_off_walk_goes_on_from_the_biggest_time_seen(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    result = await deliver(*SEVEN)
    consumer = NaiveClient(client, search_id)
    await consumer.pull(2)
    await consumer.pull(2)
    await deliver(*versions("a", version=2))
    await client.delete(f"/deliveries/{search_id}/companies/{UUID(result['items'][1]['id'])}")
    consumer.crash()
    items = await consumer.sync(2)
    assert [item["source_id"] for item in items] == ["e", "f", "g", "a", "b"]
    assert items[-1]["prospects"] == []
    assert items[-1]["removed_at"] == items[-1]["delivered_at"]


async def test_an_etag_belongs_to_the_data_and_not_to_the_key(
    service: Service, client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    await deliver(*SEVEN)
    crm, warehouse = await service.client("crm"), await service.client("warehouse")
    for parameters in ({}, {"limit": 2}, {"limit": 2, "offset": 2}):
        first, second = [await ask(consumer, search_id, **parameters) for consumer in (crm, warehouse)]
        assert first.headers["etag"] == second.headers["etag"]
        assert first.content == second.content


async def test_an_etag_changes_with_the_data_and_with_the_question(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    result = await deliver({"name": "a", "prospects": [{"email": "maria@example.com"}]}, *SEVEN[1:])
    questions: list[dict[str, Any]] = [{}, {"limit": 2}, {"limit": 3}, {"limit": 2, "offset": 2}, {"limit": 2, "offset": 4}]
    questions += [{name: "2000-01-01T00:00:00Z", "limit": limit} for name in ("delivered_since", "after") for limit in (2, 50)]

    async def etags() -> list[str]:
        return [(await ask(client, search_id, **question)).headers["etag"] for question in questions]

    seen = set(await etags())
    assert len(seen) == len(questions)
    assert set(await etags()) == seen
    await deliver("another")
    assert seen.isdisjoint(now := await etags())
    await client.delete(f"/deliveries/{search_id}/companies/{result['items'][3]['id']}")
    assert {*seen, *now}.isdisjoint(later := await etags())
    await client.post("/erasures", json={"email": "maria@example.com"})
    assert {*seen, *now, *later}.isdisjoint(await etags())


@pytest.mark.parametrize(
    "parameters", [{}, {"limit": 2}, {"limit": 2, "offset": 2}, {"limit": 2, "offset": 6}, {"after": "2000-01-01T00:00:00Z"}]
)
async def test_a_page_that_the_client_holds_is_not_sent_again(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, parameters: dict[str, Any]
) -> None:
    await deliver(*SEVEN)
    await pull(client, search_id, limit=2)
    held = await ask(client, search_id, **parameters)
    condition = {"If-None-Match": f'W/"of another page", {held.headers["etag"]}'}
    again = await client.get(f"/deliveries/{search_id}/companies", params=parameters, headers=condition)
    assert (again.status_code, again.content) == (304, b"")
    for name in ("etag", "delivery-watermark", "cache-control"):
        assert again.headers[name] == held.headers[name]


async def test_a_first_page_that_is_not_sent_again_begins_a_walk_all_the_same(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    await deliver(*SEVEN)
    held = await ask(client, search_id, limit=2)
    await walk(client, search_id, limit=3)
    again = await client.get(f"/deliveries/{search_id}/companies", params={"limit": 2}, headers={"If-None-Match": held.headers["etag"]})
    assert again.status_code == 304
    await deliver(*versions("c", version=2))
    assert sources(await pull(client, search_id, limit=2, offset=2)) == ["c", "d"]


async def test_an_empty_poll_is_unchanged_until_something_comes(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    until = (await deliver(*SEVEN))["delivered_until"]
    path = f"/deliveries/{search_id}/companies"
    empty = await client.get(path, params={"delivered_since": until})
    assert empty.json()["items"] == []
    assert empty.headers["delivery-watermark"] == until
    condition = {"If-None-Match": empty.headers["etag"]}
    assert (await client.get(path, params={"delivered_since": until}, headers=condition)).status_code == 304
    await deliver("another")
    response = await client.get(path, params={"delivered_since": until}, headers=condition)
    assert sources(response.json()) == ["another"]


@pytest.mark.parametrize("position", [2**bits - before for bits in (7, 14, 21) for before in (1, 4, 7)])
async def test_a_total_is_right_where_the_blocks_of_the_tally_meet(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database, position: int
) -> None:
    """As if there had been many deliveries already: a tally counts them in blocks, and blocks of blocks."""
    await database.execute("UPDATE prospect_search SET position = $1", position)
    result = await deliver(*SEVEN)
    await deliver(*versions("b", "f", version=2))
    await client.delete(f"/deliveries/{search_id}/companies/{result['items'][2]['id']}")
    items = (await pull(client, search_id, delivered_since="2000-01-01T00:00:00Z"))["items"]
    assert [item["source_id"] for item in items] == ["a", "d", "e", "g", "b", "f", "c"]
    for number, item in enumerate(items[:-1], start=1):
        assert (await pull(client, search_id, limit=1, delivered_since=item["delivered_at"]))["total"] == len(items) - number
