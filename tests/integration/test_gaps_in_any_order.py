"""Whatever two processes serve and are told, however they write it: no more is confirmed than was given, and in the end all of it."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openprospect.server.access.keys import organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.db.pool import Database
from openprospect.server.feed import store
from openprospect.server.feed.receipts import Receipts
from openprospect.server.searches.create import create_search
from openprospect.server.searches.model import SearchId
from tests.databases import cloned

END = 6
SERVED = st.tuples(st.just("served"), st.integers(0, 1), st.integers(0, END), st.integers(0, END))
CLAIMED = st.tuples(st.just("claimed"), st.integers(0, 1), st.integers(1, END), st.just(0))
WRITTEN = st.tuples(st.just("written"), st.integers(0, 1), st.just(0), st.just(0))
STEPS = st.lists(st.one_of(SERVED, SERVED, CLAIMED, WRITTEN), min_size=4, max_size=16)


def moment(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def database(postgres: str, template: str, runner: asyncio.Runner) -> Iterator[Database]:
    copy = cloned(postgres, template)
    dsn = runner.run(copy.__aenter__())
    database = runner.run(Database.open(dsn, size=1))
    yield database
    runner.run(database.close())
    runner.run(copy.__aexit__(None, None, None))


async def new_search(database: Database) -> SearchId:
    """With a company each day."""
    owner = await organization_named(database, DEFAULT_ORGANIZATION)
    search_id = (await create_search(database, "search", organization_id=owner.id, actor="test")).id
    await database.execute(
        "INSERT INTO delivery (prospect_search_id, position, delivered_at, company_id, is_removal, document)"
        " SELECT $1, n, $2::timestamptz + (n - 0.5) * interval '1 day', gen_random_uuid(), false, '{}'"
        " FROM generate_series(1, $3::integer) AS n",
        search_id,
        moment(0),
        END,
    )
    return search_id


def whole(given_out: set[int]) -> int:
    """How many days from the first on were given out."""
    return next(number for number in range(END + 1) if number not in given_out)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_no_more_is_confirmed_than_had_been_given_and_in_the_end_all_of_it(
    runner: asyncio.Runner, database: Database, steps: list[tuple[str, int, int, int]]
) -> None:
    async def compare() -> None:
        search_id, processes = await new_search(database), [Receipts(), Receipts()]
        given_out: set[int] = set()
        proven = 0
        for kind, process, first, last in steps:
            await asyncio.sleep(0)  # a microsecond tells them apart
            if kind == "served":
                processes[process].served(search_id, "crm", since=moment(first) if first else None, until=moment(last))
                given_out.update(range(first, last))
            elif kind == "claimed":
                processes[process].confirm(search_id, "crm", moment(first))
                proven = max(proven, first if first <= whole(given_out) else 0)
            else:
                await processes[process].flush(database)
                assert await confirmed(database, search_id) <= proven
        for process in (0, 1, 0):
            await processes[process].flush(database)
        assert await confirmed(database, search_id) <= proven
        if given_out and whole(given_out):
            stored = await processes[0].confirm_now(database, search_id, "crm", moment(whole(given_out)))
            assert stored == moment(whole(given_out))

    runner.run(compare())


async def confirmed(database: Database, search_id: SearchId) -> int:
    until = await store.confirmed_until(database, SearchId(UUID(str(search_id))), "crm")
    return (until - moment(0)).days if until else 0
