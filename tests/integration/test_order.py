"""Order and time: nobody who has seen a time ever misses what comes before it, and no timestamp is guessed."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.access.store import organization_named
from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.db.pool import Connection, Database, Row
from openprospect.server.feed.model import CompanyRow
from openprospect.server.feed.store import SQL
from openprospect.server.feed.writing.publish import Submission, publish
from openprospect.server.searches.lookup import own_search
from openprospect.server.searches.model import SearchId
from tests.integration.conftest import Deliver, Service, open_search, pull
from tests.integration.naive_client import NaiveClient

PRODUCERS = 8
BATCHES = 4


@dataclass
class Polls:
    """Lets producers wait for polls, so that their transactions stay open across them."""

    count: int = 0
    _next: asyncio.Event = field(default_factory=asyncio.Event)

    def ring(self) -> None:
        self.count += 1
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self, number: int) -> None:
        for _ in range(number):
            await self._next.wait()


class Dawdling(Connection):
    """A connection that lets polls pass right after the feed's head was read; `variant` rewrites that statement."""

    def __init__(self, db: Connection, dawdle: Callable[[], Any], variant: Callable[[str], str]) -> None:
        super().__init__(db._raw)
        self._dawdle = dawdle
        self._variant = variant

    async def row(self, sql: str, *args: Any) -> Row | None:
        if sql != SQL.lock_feed:
            return await super().row(sql, *args)
        row = await super().row(self._variant(sql), *args)
        await self._dawdle()
        return row


def as_it_is(sql: str) -> str:
    return sql


def without_lock(sql: str) -> str:
    """As if times were not given out under a lock; positions are apart, or their unique key would catch it too."""
    mutant = sql.replace("FOR NO KEY UPDATE", "").replace("SELECT position,", "SELECT 1000 * (random() * 1e12)::bigint AS position,")
    assert "UPDATE" not in mutant
    assert "random" in mutant
    return mutant


@dataclass
class Run:
    """What eight producers committed, in the order of their commits, and what a tailing consumer saw."""

    committed: list[str] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)

    @property
    def seen_names(self) -> list[str]:
        return [item["name"] for item in self.seen]


async def tail_while_producing(database: Database, client: httpx.AsyncClient, search_id: str, variant: Callable[[str], str]) -> Run:
    organization = await organization_named(database, DEFAULT_ORGANIZATION)
    assert organization is not None
    search = await own_search(database, SearchId(UUID(search_id)), organization.id)
    run, polls, chance = Run(), Polls(), random.Random(7)

    async def produce(producer: int) -> None:
        for batch in range(BATCHES):
            names = [f"{producer}/{batch}/{number}" for number in range(chance.randint(1, 3))]
            async with database.transaction() as db:
                slow = Dawdling(db, lambda: polls.wait(chance.randint(0, 3)), variant)
                rows = [CompanyRow(name=name, source_id=name) for name in names]
                await publish(slow, search, Submission(rows=rows, actor="test", all_or_nothing=True))
                await polls.wait(chance.randint(0, 2))
            run.committed += names

    consumer = NaiveClient(client, search_id)
    everybody = asyncio.gather(*(produce(producer) for producer in range(PRODUCERS)))
    while not everybody.done():
        run.seen += await consumer.sync()
        polls.ring()
    await everybody
    run.seen += await consumer.sync()
    return run


@pytest.fixture
async def wide_database(dsn: str) -> AsyncIterator[Database]:
    """A connection for each producer: all of them have a transaction open at once."""
    async with await Database.open(dsn, size=PRODUCERS) as database:
        yield database


async def test_a_tailing_consumer_misses_nothing_of_eight_producers(
    wide_database: Database, client: httpx.AsyncClient, search_id: str
) -> None:
    run = await tail_while_producing(wide_database, client, search_id, as_it_is)
    assert run.seen_names == run.committed
    times = [item["delivered_at"] for item in run.seen]
    assert times == sorted(set(times))


async def test_without_the_lock_the_tailing_consumer_would_miss_some(
    wide_database: Database, client: httpx.AsyncClient, search_id: str
) -> None:
    """The test above can fail."""
    run = await tail_while_producing(wide_database, client, search_id, without_lock)
    assert set(run.seen_names) < set(run.committed)


async def test_readers_do_not_wait_for_who_publishes(
    database: Database, client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    await deliver("a", "b", "c")
    async with publishing(database, search_id):
        page = await asyncio.wait_for(pull(client, search_id, limit=1), timeout=10)
        last = await asyncio.wait_for(pull(client, search_id, limit=2, offset=1), timeout=10)
    assert (page["has_more"], last["has_more"]) == (True, False)


@asynccontextmanager
async def publishing(database: Database, search_id: str) -> AsyncIterator[None]:
    async with database.transaction() as db:
        await db.row(SQL.lock_feed, UUID(search_id))
        yield


async def test_a_clock_that_steps_back_does_not_disturb_the_order(
    database: Database, client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    await deliver("a")
    future = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=999_999)
    await database.execute("UPDATE prospect_search SET watermark = $1", future)
    await deliver("b", "c")
    await deliver("d")
    items = (await pull(client, search_id, delivered_since=format_timestamp(future)))["items"]
    expected = [format_timestamp(future + timedelta(microseconds=number)) for number in (1, 2, 3)]
    assert [item["delivered_at"] for item in items] == expected
    assert [item["name"] for item in items] == ["b", "c", "d"]


async def test_a_withdrawal_and_an_erasure_have_times_of_their_own_too(
    database: Database, client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    result = await deliver("a", {"name": "b", "source_id": "b", "prospects": [{"email": "maria@example.com"}]})
    future = datetime.now(UTC) + timedelta(days=1)
    await database.execute("UPDATE prospect_search SET watermark = $1", future)
    assert (await client.delete(f"/deliveries/{search_id}/companies/{result['items'][0]['id']}")).status_code == 204
    assert (await client.post("/erasures", json={"email": "maria@example.com"})).status_code == 201
    items = (await pull(client, search_id, delivered_since=format_timestamp(future)))["items"]
    assert [item["delivered_at"] for item in items] == [format_timestamp(future + timedelta(microseconds=number)) for number in (1, 2)]
    assert [item["prospects"] for item in items] == [[], []]


async def test_delivered_since_is_exclusive(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver("a", "b", "c")
    items = (await pull(client, search_id))["items"]
    for number, item in enumerate(items):
        assert (await pull(client, search_id, delivered_since=item["delivered_at"]))["items"] == items[number + 1 :]


async def test_digits_past_the_microsecond_are_cut_and_not_rounded(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    """The next company is one microsecond later: rounding up would pass over it."""
    await deliver("a", "b")
    first, second = (await pull(client, search_id))["items"]
    assert (await pull(client, search_id, delivered_since=first["delivered_at"].replace("Z", "999Z")))["items"] == [second]


async def test_a_plus_sign_may_arrive_as_a_blank(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver("a", "b")
    first, second = (await pull(client, search_id))["items"]
    moment = datetime.fromisoformat(first["delivered_at"]) + timedelta(hours=2)
    response = await client.get(f"/deliveries/{search_id}/companies?delivered_since={moment:%Y-%m-%dT%H:%M:%S.%f}+02:00")
    assert response.json()["items"] == [second]


REFUSED = [
    ("limit=0", "limit"),
    ("limit=101", "limit"),
    ("limit=-1", "limit"),
    ("limit=abc", "limit"),
    ("limit=1.0", "limit"),
    ("limit=", "limit"),
    ("limit=%D9%A3", "limit"),
    ("limit=1_0", "limit"),
    ("offset=-1", "offset"),
    ("offset=9223372036854775808", "offset"),
    (f"offset={'9' * 5000}", "offset"),
    ("delivered_since=", "delivered_since"),
    ("delivered_since=yesterday", "delivered_since"),
    ("delivered_since=2026-02-25", "delivered_since"),
    ("delivered_since=2026-02-25T12:00:00", "delivered_since"),
    ("delivered_since=2026-02-30T12:00:00Z", "delivered_since"),
    ("delivered_since=0001-01-01T00:00:00%2B02:00", "delivered_since"),
    ("delivered_since=1772020800", "delivered_since"),
    ("after=2026-02-25", "after"),
    ("after=2026-02-25T12:00:00Z&offset=1", "after"),
    ("after=2026-02-25T12:00:00Z&delivered_since=2026-02-25T12:00:00Z", "after"),
    ("delivered_sinc=2026-02-25T12:00:00Z", "delivered_sinc"),
    ("limit=1&limit=2", "limit"),
    ("Limit=1", "Limit"),
]


@pytest.mark.parametrize(("query", "parameter"), REFUSED)
async def test_a_question_that_could_be_misunderstood_is_refused(
    client: httpx.AsyncClient, search_id: str, query: str, parameter: str
) -> None:
    response = await client.get(f"/deliveries/{search_id}/companies?{query}")
    answer = response.json()
    assert response.status_code == 422
    assert answer["code"] == "VALIDATION_ERROR"
    assert answer["details"] == {"parameter": parameter}
    assert parameter in answer["message"]


async def test_a_search_id_that_is_no_uuid_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.get("/deliveries/crm-1001/companies")
    assert (response.status_code, response.json()["code"]) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize("query", ["limit=1", "limit=100", "offset=9223372036854775807", "delivered_since=9999-12-31T23:59:59.999999Z"])
async def test_the_ends_of_every_range_are_served(client: httpx.AsyncClient, search_id: str, deliver: Deliver, query: str) -> None:
    await deliver("a")
    assert (await client.get(f"/deliveries/{search_id}/companies?{query}")).status_code == 200


async def test_a_trailing_slash_gives_the_same_answer(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver("a", "b")
    plain = await client.get(f"/deliveries/{search_id}/companies?limit=1")
    slash = await client.get(f"/deliveries/{search_id}/companies/?limit=1")
    assert (slash.status_code, slash.content) == (200, plain.content)
    assert slash.headers["link"] == plain.headers["link"]


async def test_a_foreign_search_looks_like_an_unknown_one(service: Service, search_id: str, deliver: Deliver) -> None:
    await deliver("a")
    stranger = await service.client("consumer", organization=await service.organization("strangers"))
    answers = {}
    for wanted in (search_id, str(UUID(int=7))):
        paths = [f"/deliveries/{wanted}/companies{query}" for query in ("", "?offset=1", "?delivered_since=2026-01-01T00:00:00Z")]
        responses = [await stranger.get(path, headers={"If-None-Match": 'W/"x"', "X-Request-Id": "same"}) for path in paths]
        responses.append(await stranger.post(paths[0], json={"companies": [{"name": "x"}]}, headers={"X-Request-Id": "same"}))
        responses.append(await stranger.delete(f"{paths[0]}/{UUID(int=9)}", headers={"X-Request-Id": "same"}))
        assert {response.status_code for response in responses} == {404}
        assert all(wanted not in response.text for response in responses)
        answers[wanted] = [response.content for response in responses]
    assert answers[search_id] == answers[str(UUID(int=7))]


async def test_a_stranger_of_the_same_key_name_confirms_nothing(
    service: Service, client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    until = (await deliver("a"))["delivered_until"]
    consumer = await service.client("crm")
    await pull(consumer, search_id)
    stranger = await service.client("crm", organization=await service.organization("strangers"))
    await stranger.get(f"/deliveries/{search_id}/companies", params={"delivered_since": until})
    # A receipt of nothing answers what is stored once everything said before is written.
    response = await consumer.put(f"/deliveries/{search_id}/receipt", json={"delivered_until": "2000-01-01T00:00:00Z"})
    assert response.json()["delivered_until"] != until


async def test_feeds_keep_their_own_time(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver("a")
    other = await open_search(client, "another")
    assert (await pull(client, other))["items"] == []
    assert len((await pull(client, search_id))["items"]) == 1
