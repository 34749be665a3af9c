"""Whatever producers send at once, through one process or two: the feed and every answer are as if it had come one by one."""

import asyncio
import itertools
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openprospect.server.access.keys import organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.core.errors import RejectedRows
from openprospect.server.db.pool import Database
from openprospect.server.feed.model import CompanyId, CompanyRow, ProspectRow
from openprospect.server.feed.writing.commits import SharedCommits
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.feed.writing.produce import result_of
from openprospect.server.feed.writing.publish import Submission, publish
from openprospect.server.searches.create import create_search
from openprospect.server.searches.model import Search
from tests.databases import cloned

T = TypeVar("T")

IDS = [None, None, CompanyId(UUID(int=1)), CompanyId(UUID(int=2))]
ROW = st.builds(
    CompanyRow,
    id=st.sampled_from(IDS),
    source_id=st.sampled_from([None, "x", "y"]),
    website_url=st.sampled_from([None, "https://one.example", "https://two.example"]),
    name=st.sampled_from(["a", "b"]),
    prospects=st.sampled_from([(), (ProspectRow(email="m@one.example"),), (ProspectRow(first_name="Maria"),)]),
)
SUBMISSIONS = st.lists(st.lists(ROW, min_size=1, max_size=3), min_size=2, max_size=8)


@pytest.fixture(scope="module")
def world(postgres: str, template: str) -> Iterator["TwoProcesses"]:
    with TwoProcesses(postgres, template) as world:
        yield world


class TwoProcesses:
    """Two pools on one database, as two processes have them, and a loop to use them from tests that are not async."""

    def __init__(self, postgres: str, template: str) -> None:
        self.examples = itertools.count()
        self._stack = AsyncExitStack()
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._copy = cloned(postgres, template)

    def __enter__(self) -> "TwoProcesses":
        self.run(self._open())
        return self

    def __exit__(self, *error: object) -> None:
        self.run(self._stack.aclose())
        self._runner.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    async def _open(self) -> None:
        dsn = await self._stack.enter_async_context(self._copy)
        self.databases = [await self._stack.enter_async_context(await Database.open(dsn, size=1)) for _ in range(2)]
        self.database = self.databases[0]


Answer = tuple[Any, ...]


class Names:
    """Ids by the order in which they come up: those of two feeds can be compared."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def of(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))


def told(answer: bytes | BaseException, names: Names) -> Answer:
    """An answer without its times."""
    if isinstance(answer, RejectedRows):
        return ("refused", answer.faults)
    assert isinstance(answer, bytes), answer
    result = msgspec.json.decode(answer)
    return tuple((names.of(item["id"]), item["source_id"], item["status"]) for item in result["items"])


async def feed_of(world: TwoProcesses, search: Search, names: Names) -> list[Answer]:
    """Every delivery in order, superseded ones too, with what history says of it."""
    rows = await world.database.rows(
        """
        SELECT company_id::text, superseded_at IS NULL AS is_current, document, actor, action, details::text
        FROM (SELECT *, row_number() OVER (ORDER BY position) AS turn FROM delivery WHERE prospect_search_id = $1) AS delivery
        JOIN (SELECT *, row_number() OVER (ORDER BY id) AS turn FROM history WHERE prospect_search_id = $1 AND company_id IS NOT NULL)
            AS told USING (turn, company_id)
        ORDER BY turn
        """,
        search.id,
    )
    found = []
    for row in rows:
        document = msgspec.json.decode(row["document"])
        people = [(person["email"], person["first_name"], names.of(person["id"])) for person in document["prospects"]]
        state = (document["name"], document["website_url"], document["source_id"], people)
        found.append((names.of(row["company_id"]), row["is_current"], row["actor"], row["action"], row["details"], state))
    deliveries = await world.database.value("SELECT count(*) FROM delivery WHERE prospect_search_id = $1", search.id)
    assert len(found) == deliveries
    return found


async def new_search(world: TwoProcesses) -> Search:
    owner = await organization_named(world.database, DEFAULT_ORGANIZATION)
    return await create_search(world.database, f"search {next(world.examples)}", organization_id=owner.id, actor="test")


async def one_by_one(world: TwoProcesses, search: Search, submissions: Sequence[Submission]) -> list[bytes | BaseException]:
    answers: list[bytes | BaseException] = []
    for submission in submissions:
        try:
            async with world.database.transaction() as db:
                published = await publish(db, search, submission)
            answers.append(msgspec.json.encode(result_of(published)))
        except RejectedRows as error:
            answers.append(error)
    return answers


def submitted(batches: Sequence[Sequence[CompanyRow]]) -> list[Submission]:
    return [Submission(rows=rows, actor=f"producer {number}", all_or_nothing=True) for number, rows in enumerate(batches)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=SUBMISSIONS)
def test_what_comes_at_once_fares_as_if_it_came_in_the_order_of_its_arrival(world: TwoProcesses, batches: list[list[CompanyRow]]) -> None:
    async def compare() -> None:
        submissions = submitted(batches)
        at_once, in_turn = await new_search(world), await new_search(world)
        commits = SharedCommits(Writing(world.database))
        answers = await asyncio.gather(
            *(commits.deliver(at_once, submission, key=None) for submission in submissions), return_exceptions=True
        )
        expected = await one_by_one(world, in_turn, submissions)
        ours, theirs = Names(), Names()
        assert [told(answer, ours) for answer in answers] == [told(answer, theirs) for answer in expected]
        assert await feed_of(world, at_once, ours) == await feed_of(world, in_turn, theirs)
        times = [msgspec.json.decode(answer)["delivered_until"] for answer in answers if isinstance(answer, bytes)]
        assert times == sorted(times)

    world.run(compare())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=SUBMISSIONS)
def test_through_two_processes_there_is_an_order_that_explains_every_answer(world: TwoProcesses, batches: list[list[CompanyRow]]) -> None:
    async def compare() -> None:
        submissions = submitted(batches)
        at_once = await new_search(world)
        workers = [SharedCommits(Writing(database)) for database in world.databases]
        answers = await asyncio.gather(
            *(workers[number % 2].deliver(at_once, submission, key=None) for number, submission in enumerate(submissions)),
            return_exceptions=True,
        )
        found = await feed_of(world, at_once, Names())
        for order in possible_orders(answers):
            in_turn = await new_search(world)
            expected = await one_by_one(world, in_turn, [submissions[number] for number in order])
            ours, theirs = Names(), Names()
            answers_agree = [told(answers[number], ours) for number in order] == [told(answer, theirs) for answer in expected]
            if answers_agree and await feed_of(world, in_turn, Names()) == found:
                return
        pytest.fail("no order explains the answers and the feed")

    world.run(compare())


def possible_orders(answers: Sequence[bytes | BaseException]) -> Iterator[list[int]]:
    """The ways to merge those of even and of odd number, as each of the two came, in which time goes forward."""
    times = [msgspec.json.decode(answer)["delivered_until"] if isinstance(answer, bytes) else None for answer in answers]
    count = len(answers)
    for places in itertools.combinations(range(count), (count + 1) // 2):
        even, odd = iter(range(0, count, 2)), iter(range(1, count, 2))
        order = [next(even) if place in places else next(odd) for place in range(count)]
        passed = [time for number in order if (time := times[number])]
        if passed == sorted(passed):
            yield order
