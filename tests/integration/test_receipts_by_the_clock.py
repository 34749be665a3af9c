"""Receipts and time: which clock counts, what a clock that was set wrong changes, and what a database that lost something is told again."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from openprospect.server.feed.clock import Clock
from openprospect.server.feed.journal import Given, Journal, LeftBehind
from openprospect.server.feed.receipts import RECALL_SECONDS, Receipts
from openprospect.server.searches.model import SearchId
from tests.integration.receipts import receipts


class SettableClock(Clock):
    """A machine's seconds, which run ahead as a test pleases."""

    ahead = 0.0

    def now(self):
        return super().now() + self.ahead


@pytest.fixture
async def search(search_id, deliver):
    """A search, and up to where its feed goes."""
    until = (await deliver("one"))["delivered_until"]
    return SearchId(UUID(search_id)), datetime.fromisoformat(until)


async def step_ages(database, search_id):
    """The kind of each step, and how many seconds ago the database has it."""
    age = "extract(epoch FROM clock_timestamp() - at)::float8"
    rows = await database.rows(f"SELECT kind, {age} AS age FROM receipt_step WHERE prospect_search_id = $1 ORDER BY id", search_id)
    return [(row["kind"], row["age"]) for row in rows]


async def test_a_step_is_dated_by_the_databases_clock_and_by_how_long_ago_it_was(database, search):
    search_id, until = search
    clock = SettableClock()
    process = Receipts(clock=clock)
    process.served(search_id, "crm", since=None, until=until)
    clock.ahead = 3600
    process.confirm(search_id, "crm", until)
    await process.flush(database)
    (served, served_age), (confirmed, confirmed_age) = await step_ages(database, search_id)
    assert (served, confirmed) == ("served", "confirmed")
    assert 3600 <= served_age < 3660
    assert 0 <= confirmed_age < 60


async def test_what_another_process_served_while_the_databases_clock_was_ahead_can_be_confirmed(database, search):
    search_id, until = search
    one, other = Receipts(), Receipts()
    one.served(search_id, "crm", since=None, until=until)
    await one.flush(database)
    await database.execute("UPDATE receipt_step SET at = at + interval '1 hour'")
    assert await other.confirm_now(database, search_id, "crm", until) == until


async def test_processes_on_other_machines_are_held_against_the_databases_clock(database, search):
    search_id, until = search
    clocks = SettableClock(), SettableClock()
    for clock in clocks:
        clock.machine, clock.ahead = uuid4(), clock.machine.int % 1e6
    one, other = (Receipts(clock=clock) for clock in clocks)
    other.confirm(search_id, "crm", until)
    await asyncio.sleep(0.2)
    one.served(search_id, "crm", since=None, until=until)
    await one.flush(database)
    await other.flush(database)
    assert (await receipts(database, search_id))["crm"]["delivered_until"] is None
    assert await other.confirm_now(database, search_id, "crm", until) == until


async def test_a_poll_that_was_given_nothing_is_no_moment_of_giving_however_early_its_process_writes(database, search):
    search_id, until = search
    one, other = Receipts(), Receipts()
    one.served(search_id, "crm", since=None, until=until)
    other.confirm(search_id, "crm", until)
    other.served(search_id, "crm", since=until, until=until)
    for process in (other, one, other):
        await process.flush(database)
    assert (await receipts(database, search_id))["crm"]["delivered_until"] == until


async def test_a_receipt_of_a_search_that_a_failover_lost_holds_up_no_other(database, search, caplog):
    search_id, until = search
    lost = SearchId(uuid4())
    process = Receipts()
    for _ in range(2):  # it is not told of again
        process.served(lost, "crm", since=None, until=until)
        process.confirm(lost, "crm", until)
        process.served(search_id, "crm", since=None, until=until)
        assert await process.confirm_now(database, search_id, "crm", until) == until
        assert [record.message for record in caplog.records] == [
            "Receipts of 1 searches are dropped: the database does not have these searches, as after a failover."
        ]
        caplog.clear()
    assert await database.value("SELECT count(*) FROM receipt WHERE prospect_search_id = $1", lost) == 0


async def test_a_search_that_a_failover_lost_does_not_keep_the_next_process_from_starting(database, search, tmp_path):
    search_id, until = search
    journal = Journal(tmp_path)
    for noted in (SearchId(uuid4()), search_id):
        journal.note(Given(search_id=noted, consumer="crm", since=None, until=until, at=datetime.now(UTC) - timedelta(minutes=2)))
    journal.close()
    process = Receipts()
    await process.take_over(database, LeftBehind(tmp_path))
    ((kind, age),) = await step_ages(database, search_id)
    assert kind == "served"
    assert 120 <= age < 180
    assert list(tmp_path.iterdir()) == []


async def test_a_receipt_that_a_failover_lost_is_written_again_for_who_still_asks(database, search):
    search_id, until = search
    clock = SettableClock()
    process = Receipts(clock=clock)
    process.served(search_id, "crm", since=None, until=until)
    assert await process.confirm_now(database, search_id, "crm", until) == until
    await database.execute("DELETE FROM receipt_step WHERE prospect_search_id = $1", search_id)
    await database.execute("DELETE FROM receipt WHERE prospect_search_id = $1", search_id)
    clock.ahead = RECALL_SECONDS
    process.served(search_id, "crm", since=until, until=until)
    await process.flush(database)
    assert await process.confirm_now(database, search_id, "crm", until) == until


async def test_what_a_failover_lost_of_a_feed_does_not_count_as_given(database, search):
    search_id, until = search
    process = Receipts()
    process.served(search_id, "crm", since=None, until=until + timedelta(minutes=1))
    process.served(search_id, "crm", since=until + timedelta(minutes=1), until=until + timedelta(minutes=2))
    assert await process.confirm_now(database, search_id, "crm", until + timedelta(minutes=2)) is None
    assert await process.confirm_now(database, search_id, "crm", until) == until
