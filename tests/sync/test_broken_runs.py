"""Runs that fail on their way: what they say is stored, and what the next one still owes. Kills are in the contract."""

import itertools
import logging
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from openprospect.sync.batch import Batch
from openprospect.sync.client import Client
from openprospect.sync.destinations import sqlite
from openprospect.sync.destinations.base import Applied, Checkpoint, Destination
from openprospect.sync.destinations.opening import open_destination
from openprospect.sync.engine import run
from openprospect.sync.errors import Busy, DestinationRefused, TryLater, Unforeseen
from openprospect.sync.retry import Retry
from openprospect.sync.summary import Summary
from tests.sync.contract import OTHER_SEARCH, SEARCH, assert_same, forget
from tests.sync.feed_server import KEY, Fault, FeedServer, company, stamp
from tests.sync.test_engine import synced
from tests.sync.test_sqlite import SqliteCopy


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        server.feed(SEARCH)
        server.exports = False
        yield server


@pytest.fixture
def copy(tmp_path: Path) -> SqliteCopy:
    return SqliteCopy(tmp_path / "feed.db")


def break_down(server: FeedServer) -> None:
    server.faults = [Fault(status=503) for _ in range(20)]


def run_in_batches(server: FeedServer, destination: Destination, *, full: bool = False) -> Summary:
    """A run of 100 companies a batch."""
    retry = Retry(failing_seconds=0.05, first_pause_seconds=0.01)
    with Client(server.url, KEY, retry=retry) as client, closing(destination):
        [summary] = run([SEARCH], destination, client, batch_companies=100, full=[SEARCH] if full else ())
    return summary


def test_a_run_that_fails_tells_up_to_where_everything_is_stored(copy: SqliteCopy, server: FeedServer) -> None:
    server.feed(SEARCH).deliver(company(0))
    synced(copy, server)
    server.feed(SEARCH).deliver(*[company(n) for n in range(250)])
    server.on_page = lambda page: break_down(server) if page == 3 else None

    summary = run_in_batches(server, open_destination(copy.url))

    assert isinstance(summary.error, TryLater)
    assert (summary.companies, summary.delivered_until) == (100, stamp(101))
    assert summary.line().startswith(f"{SEARCH}: FAILED. ")
    assert f"up to {stamp(101)}" in summary.line()


def test_a_first_run_that_fails_on_its_way_is_gone_on_with(copy: SqliteCopy, server: FeedServer) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(*[company(n) for n in range(250)])
    server.on_page = lambda page: break_down(server) if page == 2 else None

    first = run_in_batches(server, open_destination(copy.url))
    server.faults = []
    second = run_in_batches(server, open_destination(copy.url))

    assert (first.companies, first.delivered_until, second.companies, second.delivered_until) == (100, None, 150, feed.watermark)
    assert "100 companies, 300 prospects, 0 removed; the next run goes on from there" in first.line()
    assert feed.confirmed == [feed.watermark]
    assert_same(copy, feed)


def test_what_was_written_is_counted_also_where_it_must_not_be_confirmed_yet(copy: SqliteCopy, server: FeedServer) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(*[company(n) for n in range(250)])
    destination = open_destination(copy.url)

    def unfinished(search_id: str) -> None:
        raise Busy("Somebody reads the file.")

    destination.finish = unfinished  # type: ignore[method-assign]
    summary = run_in_batches(server, destination)

    assert isinstance(summary.error, Busy)
    assert (summary.companies, summary.prospects, summary.delivered_until) == (250, 750, feed.watermark)
    assert feed.confirmed == []


def test_the_first_error_counts_where_the_destination_is_gone_as_well(copy: SqliteCopy, server: FeedServer) -> None:
    server.feed(SEARCH).deliver(*[company(n) for n in range(250)])
    server.on_page = lambda page: break_down(server) if page == 2 else None
    destination, asked = open_destination(copy.url), itertools.count(1)
    checkpoint = destination.checkpoint

    def vanishing(search_id: str) -> Checkpoint | None:
        if next(asked) > 1:
            raise DestinationRefused("Gone.")
        return checkpoint(search_id)

    destination.checkpoint = vanishing  # type: ignore[method-assign]
    summary = run_in_batches(server, destination)

    assert isinstance(summary.error, TryLater)
    assert (summary.companies, summary.delivered_until) == (100, None)
    assert "nothing stored yet" not in summary.line()


def test_an_error_that_nobody_foresaw_is_told_and_the_next_search_still_comes(
    copy: SqliteCopy, server: FeedServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.feed(SEARCH).deliver(company(1))
    server.feed(OTHER_SEARCH).deliver(company(2))
    destination, applied = open_destination(copy.url), itertools.count(1)
    apply = destination.apply

    def broken(batch: Batch) -> Applied:
        if next(applied) == 1:
            raise KeyError("crm-1")
        return apply(batch)

    destination.apply = broken  # type: ignore[method-assign]
    with Client(server.url, KEY) as client, closing(destination), caplog.at_level(logging.ERROR):
        broke, came = run([SEARCH, OTHER_SEARCH], destination, client)

    assert isinstance(broke.error, Unforeseen)
    assert (broke.exit_code, str(broke.error)) == (1, "Unforeseen, the log tells where: KeyError: 'crm-1'")
    assert [record.exc_info is not None for record in caplog.records] == [True]
    assert (came.error, came.companies) == (None, 1)


def test_a_schedule_outlives_a_destination_that_does_not_open_for_a_reason_nobody_foresaw(
    copy: SqliteCopy, server: FeedServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stop, opened, real = threading.Event(), itertools.count(1), sqlite.open_destination

    def failing_once(url: str, retry: Retry) -> Destination:
        if next(opened) == 1:
            raise OSError("the plug was pulled")
        return real(url, retry)

    monkeypatch.setattr(sqlite, "open_destination", failing_once)
    code, _ = synced(copy, server, every_seconds=0.01, emit=lambda summary: stop.set(), stop=stop)

    assert code == 0
    assert "the plug was pulled" in caplog.text
    assert next(opened) == 3


def test_a_full_run_that_failed_before_it_began_is_still_due(copy: SqliteCopy, server: FeedServer) -> None:
    feed, stop = server.feed(SEARCH), threading.Event()
    feed.deliver(company(1), company(2))
    synced(copy, server)
    forget(feed, 1)
    break_down(server)
    removed: list[int] = []

    def emit(summary: Summary) -> None:
        server.faults = []
        removed.append(summary.removed)
        if len(removed) == 3:
            stop.set()

    synced(copy, server, every_seconds=0.01, full=True, emit=emit, stop=stop)

    assert removed == [0, 1, 0]
    assert_same(copy, feed)


def test_a_full_run_that_failed_on_its_way_is_gone_on_with(copy: SqliteCopy, server: FeedServer) -> None:
    feed, stop = server.feed(SEARCH), threading.Event()
    feed.deliver(*[company(n) for n in range(150)])
    synced(copy, server)
    codes: list[int] = []

    def move_and_break_down(page: int) -> None:
        if page == 4:
            feed.deliver(company(150))
            break_down(server)

    def emit(summary: Summary) -> None:
        server.faults = []
        codes.append(summary.exit_code)
        if len(codes) == 2:
            stop.set()

    server.on_page = move_and_break_down
    before = len(server.polls())
    synced(copy, server, every_seconds=0.01, full=True, emit=emit, stop=stop)

    assert codes == [1, 0]
    assert [path for path in server.polls()[before:] if path.endswith("?limit=100")] == [server.polls()[before]]
    assert_same(copy, feed)


@pytest.mark.parametrize("exports", [True, False], ids=["stream", "pages"])
def test_what_a_full_run_has_read_is_not_said_to_be_stored_before_it_has_ended(
    copy: SqliteCopy, server: FeedServer, *, exports: bool
) -> None:
    """It still holds what an earlier run put there: whoever was erased since, too."""
    feed = server.feed(SEARCH)
    feed.deliver(*[company(n) for n in range(850)])
    synced(copy, server)
    held, asked = feed.watermark, len(server.polls())
    feed.deliver(company(0, people=0), *[company(n) for n in range(1, 850)])
    runs = []
    for full in (True, False):
        server.faults, pages = [], itertools.count(1)
        server.on_page = lambda _, pages=pages: break_down(server) if next(pages) == 3 else None  # type: ignore[misc]
        runs.append(run_in_batches(server, open_destination(copy.url), full=full))
    server.faults, server.on_page, server.exports = [], lambda page: None, exports
    runs.append(run_in_batches(server, open_destination(copy.url)))

    assert [(run.companies, run.delivered_until) for run in runs] == [(200, held), (200, held), (450, feed.watermark)]
    assert not [path for path in server.polls()[asked:] if "delivered_since" in path]
    assert exports is any("export" in path for path in server.polls()[asked:])
    assert feed.confirmed == [held, feed.watermark]
    assert_same(copy, feed)


def test_a_search_that_never_works_does_not_have_the_others_read_whole_each_time(copy: SqliteCopy, server: FeedServer) -> None:
    stop, passes = threading.Event(), itertools.count(1)
    server.feed(SEARCH).deliver(company(1))
    synced(copy, server)

    def emit(summary: Summary) -> None:
        if summary.search_id == OTHER_SEARCH and next(passes) == 3:
            stop.set()

    synced(copy, server, f"{{{SEARCH}}}", OTHER_SEARCH, every_seconds=0.01, full=True, emit=emit, stop=stop)

    _, *polls = [path for path in server.polls() if SEARCH in path]
    assert ["delivered_since" in path for path in polls] == [False, True, True]
