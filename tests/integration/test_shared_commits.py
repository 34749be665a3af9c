"""Deliveries that arrive while another is being committed share the next commit, and nobody can tell but by the clock."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar

from openprospect.server.db.pool import Database
from openprospect.server.feed.store import SQL
from openprospect.server.feed.writing.commits import SharedCommits
from tests.integration.conftest import Deliver, Service
from tests.integration.hotel import feed, post

BREAKING = """
CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.document LIKE '%poison%' THEN RAISE EXCEPTION 'broken'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER break BEFORE INSERT ON delivery FOR EACH ROW EXECUTE FUNCTION break();
"""


Together = Callable[[], AbstractAsyncContextManager["Crowd"]]


class Crowd:
    """Requests that all arrive, in turn, while one before them waits for the feed's lock."""

    def __init__(self, database: Database, queues: dict[Any, Any], search_id: UUID) -> None:
        self._database = database
        self._queues = queues
        self._search_id = search_id
        self.tasks: list[asyncio.Task[httpx.Response]] = []

    async def arrive(self, *requests: Any) -> None:
        for request in requests:
            before = self._waiting()
            self.tasks.append(asyncio.create_task(request))
            while self._waiting() == before:  # noqa: ASYNC110  # nothing tells that a request has come so far
                await asyncio.sleep(0)

    @property
    def answers(self) -> list[httpx.Response]:
        return [task.result() for task in self.tasks]

    async def until_locked(self, count: int) -> None:
        """Until so many wait for a lock of the database."""
        while await self._database.value("SELECT count(*) FROM pg_locks, pg_sleep(0.01) WHERE NOT granted") < count:
            pass

    def _waiting(self) -> int:
        return len(self._queues[self._search_id]._waiting)


@pytest.fixture
def together(service: Service, client: httpx.AsyncClient, search_id: str, database: Database) -> Together:
    @asynccontextmanager
    async def waiting() -> AsyncIterator[Crowd]:
        crowd = Crowd(database, commits_of(service)._queues, UUID(search_id))
        async with database.transaction() as db:
            await db.row(SQL.lock_feed, UUID(search_id))
            first = asyncio.create_task(post(client, search_id, [{"name": "first"}]))
            await crowd.until_locked(1)
            yield crowd
        assert (await first).status_code == 200
        await asyncio.gather(*crowd.tasks, return_exceptions=True)

    return waiting


def commits_of(service: Service) -> SharedCommits:
    app = service.transport
    while not isinstance(app, Litestar):
        app = app._app if hasattr(app, "_app") else app.app  # type: ignore[attr-defined]
    commits: SharedCommits = app.state.commits
    return commits


async def commits(database: Database) -> int:
    count: int = await database.value("SELECT count(DISTINCT xmin::text) FROM delivery")
    return count


async def test_what_arrives_during_a_commit_shares_the_next(
    client: httpx.AsyncClient, search_id: str, database: Database, together: Together
) -> None:
    async with together() as crowd:
        await crowd.arrive(*(post(client, search_id, [{"name": f"company {number}"}]) for number in range(5)))
    answers = [answer.json() for answer in crowd.answers]
    assert [answer["delivered"] for answer in answers] == [1] * 5
    items = await feed(client, search_id)
    assert [item["name"] for item in items[1:]] == [f"company {number}" for number in range(5)]
    assert [answer["delivered_until"] for answer in answers] == [item["delivered_at"] for item in items[1:]]
    assert await commits(database) == 2


async def test_a_fault_in_one_does_not_touch_its_neighbours(
    client: httpx.AsyncClient, search_id: str, database: Database, deliver: Deliver, together: Together
) -> None:
    known = (await deliver("a", "b"))["items"][0]["id"]
    async with together() as crowd:
        await crowd.arrive(
            post(client, search_id, [{"name": "before"}]),
            post(client, search_id, [{"name": "good"}, {"id": known, "name": "two at once", "source_id": "b"}]),
            post(client, search_id, [{"name": "twice"}, {"name": "Twice"}]),
            post(client, search_id, [{"name": "after"}]),
        )
    before, two_at_once, twice, after = crowd.answers
    assert [answer.status_code for answer in (before, two_at_once, twice, after)] == [200, 422, 422, 200]
    assert [(row["index"], row["field"]) for row in two_at_once.json()["details"]["rows"]] == [(1, "source_id")]
    assert "row 0 of this batch" in twice.json()["details"]["rows"][0]["reason"]
    assert [item["name"] for item in await feed(client, search_id)] == ["a", "b", "first", "before", "after"]
    assert await commits(database) == 3


async def test_what_breaks_the_transaction_breaks_only_its_own(
    client: httpx.AsyncClient, search_id: str, database: Database, together: Together
) -> None:
    await database.execute(BREAKING)
    async with together() as crowd:
        await crowd.arrive(*(post(client, search_id, [{"name": name}]) for name in ("before", "poison", "after")))
    assert [answer.status_code for answer in crowd.answers] == [200, 500, 200]
    assert [item["name"] for item in await feed(client, search_id)] == ["first", "before", "after"]


async def test_two_that_mean_one_company_follow_one_another(
    client: httpx.AsyncClient, search_id: str, database: Database, together: Together
) -> None:
    async with together() as crowd:
        await crowd.arrive(
            post(client, search_id, [{"name": "hotel", "source_id": "x", "stars": 3}]),
            post(client, search_id, [{"name": "another"}]),
            post(client, search_id, [{"name": "hotel", "source_id": "x", "stars": 4}]),
            post(client, search_id, [{"name": "hotel", "source_id": "x", "stars": 4}]),
        )
    answers = [answer.json() for answer in crowd.answers]
    assert [answer["delivered"] for answer in answers] == [1, 1, 1, 0]
    assert answers[0]["items"][0]["id"] == answers[2]["items"][0]["id"] == answers[3]["items"][0]["id"]
    assert answers[3]["delivered_until"] == answers[2]["delivered_until"]
    items = await feed(client, search_id)
    assert [(item["name"], item.get("attributes")) for item in items[1:]] == [("another", None), ("hotel", {"stars": 4})]
    actions = await database.rows("SELECT action FROM history WHERE company_id = $1 ORDER BY id", UUID(answers[0]["items"][0]["id"]))
    assert [row["action"] for row in actions] == ["delivered", "redelivered"]


async def test_history_names_each_producer(
    service: Service, client: httpx.AsyncClient, search_id: str, database: Database, together: Together
) -> None:
    others = [await service.client(f"producer {number}") for number in range(3)]
    async with together() as crowd:
        await crowd.arrive(*(post(other, search_id, [{"name": f"of {number}"}]) for number, other in enumerate(others)))
    rows = await database.rows("SELECT actor FROM history WHERE action = 'delivered' ORDER BY id")
    assert [row["actor"] for row in rows] == ["key consumer", *(f"key producer {number}" for number in range(3))]
    assert await commits(database) == 2


async def test_each_keeps_its_own_answer_under_its_key(
    client: httpx.AsyncClient, search_id: str, database: Database, together: Together
) -> None:
    kept = await post(client, search_id, [{"name": "kept"}], idempotency_key="kept")
    async with together() as crowd:
        await crowd.arrive(
            post(client, search_id, [{"name": "kept"}], idempotency_key="kept"),
            post(client, search_id, [{"name": "other"}], idempotency_key="kept again"),
            post(client, search_id, [{"name": "other"}, {"name": "other"}], idempotency_key="faulty"),
            post(client, search_id, [{"name": "new"}], idempotency_key="new"),
        )
        misused = await post(client, search_id, [{"name": "misused"}], idempotency_key="new")
    assert [answer.status_code for answer in crowd.answers] == [200, 200, 422, 200]
    assert misused.status_code == 409
    assert crowd.answers[0].content == kept.content
    again = await post(client, search_id, [{"name": "new"}], idempotency_key="new")
    assert again.content == crowd.answers[3].content
    assert (await post(client, search_id, [{"name": "misused"}], idempotency_key="kept again")).status_code == 422
    assert (await post(client, search_id, [{"name": "mended"}], idempotency_key="faulty")).status_code == 200
    assert await database.value("SELECT count(*) FROM delivery") == 5


async def test_who_goes_away_takes_nobody_along(client: httpx.AsyncClient, search_id: str, together: Together) -> None:
    async with together() as crowd:
        await crowd.arrive(*(post(client, search_id, [{"name": name}]) for name in ("before", "gone", "after")))
        crowd.tasks[1].cancel()
    assert [task.cancelled() or task.result().status_code for task in crowd.tasks] == [200, True, 200]
    assert [item["name"] for item in await feed(client, search_id)] == ["first", "before", "after"]


async def test_who_goes_away_in_the_middle_of_a_commit_leaves_it_whole(
    service: Service, client: httpx.AsyncClient, search_id: str, database: Database
) -> None:
    crowd = Crowd(database, commits_of(service)._queues, UUID(search_id))
    async with database.transaction() as db:
        await db.row(SQL.lock_feed, UUID(search_id))
        first = asyncio.create_task(post(client, search_id, [{"name": "first"}], idempotency_key="first"))
        await crowd.until_locked(1)
        await crowd.arrive(post(client, search_id, [{"name": "second"}]))
        first.cancel()
    assert (await crowd.tasks[0]).status_code == 200
    assert [item["name"] for item in await feed(client, search_id)] == ["first", "second"]
    again = await post(client, search_id, [{"name": "first"}], idempotency_key="first")
    assert again.json()["delivered"] == 1
    assert await database.value("SELECT count(*) FROM delivery") == 2


async def test_an_erasure_in_between_is_waited_for_and_holds(
    client: httpx.AsyncClient, search_id: str, database: Database, deliver: Deliver, together: Together
) -> None:
    maria = {"name": "hotel", "source_id": "x", "prospects": [{"email": "maria@example.com"}]}
    await deliver(maria)
    async with together() as crowd:
        erasure = asyncio.create_task(client.post("/erasures", json={"email": "maria@example.com"}))
        await crowd.until_locked(2)
        await crowd.arrive(*(post(client, search_id, [maria | {"source_id": f"{number}"}]) for number in range(4)))
    assert (await erasure).status_code == 201
    assert [answer.json()["suppressed"] for answer in crowd.answers] == [1] * 4
    assert all(item["prospects"] == [] for item in await feed(client, search_id))
