"""Runs and schedules: several searches, lesser servers, stopping, exit codes. Destinations have their own contract."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openprospect.sync.client import Client
from openprospect.sync.destinations.opening import held_in, open_destination
from openprospect.sync.errors import Busy, DestinationRefused, SearchGone, TryLater
from openprospect.sync.retry import Retry
from openprospect.sync.schedule import sync
from openprospect.sync.summary import Summary
from tests.sync.contract import SEARCH, assert_same
from tests.sync.feed_server import KEY, Fault, FeedServer, company
from tests.sync.test_sqlite import SqliteCopy

OTHER = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        server.feed(SEARCH)
        yield server


@pytest.fixture
def copy(tmp_path: Path) -> SqliteCopy:
    return SqliteCopy(tmp_path / "feed.db")


def synced(copy: SqliteCopy, server: FeedServer, *searches: str, key: str = KEY, **settings: Any) -> tuple[int, list[Summary]]:
    summaries: list[Summary] = []
    settings = {"emit": summaries.append, **settings}
    retry = Retry(failing_seconds=0.05, first_pause_seconds=0.01)
    with Client(server.url, key, retry=retry) as client:
        return sync(searches or (SEARCH,), copy.url, client, **settings), summaries


def test_a_search_that_fails_does_not_keep_the_others_from_coming(copy: SqliteCopy, server: FeedServer) -> None:
    server.feed(SEARCH).deliver(company(1))

    code, [gone, good] = synced(copy, server, OTHER, SEARCH)

    assert code == 2
    assert isinstance(gone.error, SearchGone)
    assert "no such prospect search" in gone.document()["error"]
    assert (good.error, good.companies) == (None, 1)


def test_an_id_given_twice_in_two_spellings_is_one_search(copy: SqliteCopy, server: FeedServer) -> None:
    server.feed(SEARCH).deliver(company(1))
    _, summaries = synced(copy, server, SEARCH.replace("-", ""), "{" + SEARCH.upper() + "}")
    assert [summary.search_id for summary in summaries] == [SEARCH]


def test_a_summary_has_the_documented_shape(copy: SqliteCopy, server: FeedServer) -> None:
    server.feed(SEARCH).deliver(company(1))
    _, [summary] = synced(copy, server)
    assert list(summary.document()) == ["search_id", "companies", "prospects", "removed", "delivered_until", "seconds"]
    assert summary.line().startswith(f"{SEARCH}: 1 company, 3 prospects, 0 removed, up to 2026-02-25T12:00:00.000001Z")


def test_the_receipt_follows_what_was_stored_and_is_not_repeated(copy: SqliteCopy, server: FeedServer) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(company(1))
    synced(copy, server)
    synced(copy, server)
    assert feed.confirmed == [feed.watermark]


def test_a_receipt_that_is_refused_is_a_warning(copy: SqliteCopy, server: FeedServer) -> None:
    server.feed(SEARCH).deliver(company(1))
    server.on_page = lambda page: server.faults.append(Fault(status=403, body={"message": "No."}))

    code, [summary] = synced(copy, server)

    assert (code, summary.warnings) == (0, ["The server did not take the receipt: No."])


def test_a_full_run_that_finds_nothing_new_confirms_what_a_lost_receipt_did_not(copy: SqliteCopy, server: FeedServer) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(company(1))
    server.on_page = lambda page: server.faults.append(Fault(status=403, body={"message": "No."}))
    synced(copy, server, full=True)
    server.on_page = lambda page: None

    synced(copy, server, full=True)

    assert feed.confirmed == [feed.watermark]


def test_a_server_that_only_does_what_is_documented_is_followed_by_offset(copy: SqliteCopy, server: FeedServer) -> None:
    server.links = server.watermarks = server.receipts = server.tags = False
    feed = server.feed(SEARCH)
    feed.deliver(*[company(n) for n in range(250)])
    synced(copy, server)
    feed.deliver(company(7, people=1), company(300))

    code, [summary] = synced(copy, server)

    assert (code, summary.companies, summary.warnings) == (0, 2, [])
    assert_same(copy, feed)


def test_a_server_without_delivered_at_is_read_whole_each_time_and_the_summary_says_so(copy: SqliteCopy, server: FeedServer) -> None:
    server.links = server.watermarks = server.receipts = server.tags = False
    feed = server.feed(SEARCH)
    feed.deliver(*[company(n) for n in range(150)], is_stamped=False)
    synced(copy, server)

    code, [summary] = synced(copy, server)

    assert (code, summary.companies, summary.delivered_until) == (0, 150, None)
    assert [warning.partition(":")[0] for warning in summary.warnings] == [
        "The server sends no delivered_at",
        "The server sends no next links by time",
    ]
    assert len(copy.rows("companies")) == 150


def test_a_key_that_is_refused_needs_a_person(copy: SqliteCopy, server: FeedServer) -> None:
    assert synced(copy, server, key="opk_test_wrong")[0] == 2


def test_a_server_in_trouble_may_be_back_for_a_later_run(copy: SqliteCopy, server: FeedServer) -> None:
    server.faults = [Fault(status=503) for _ in range(20)]
    code, [summary] = synced(copy, server)
    assert code == 1
    assert isinstance(summary.error, TryLater)


def test_a_destination_that_is_held_ends_with_one(copy: SqliteCopy, server: FeedServer) -> None:
    holder = open_destination(copy.url)
    assert synced(copy, server)[0] == Busy.exit_code == 1
    holder.close()


def test_an_unknown_scheme_lists_the_known_ones(server: FeedServer) -> None:
    with pytest.raises(DestinationRefused, match=r"duckdb:///.*postgresql://.*sqlite:///.*parquet:///"):
        open_destination("oracle://x")


@pytest.mark.parametrize("url", ["duckdb://feed.duckdb", "sqlite:///", "parquet://"])
def test_a_url_that_names_no_file_shows_how_to(url: str) -> None:
    with pytest.raises(DestinationRefused, match="Three slashes"):
        open_destination(url)


def test_the_status_of_a_file_that_is_not_there_does_not_make_it(tmp_path: Path) -> None:
    with pytest.raises(DestinationRefused, match="does not exist"):
        held_in(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


def test_a_schedule_outlives_failures_and_ends_with_zero_when_stopped(copy: SqliteCopy, server: FeedServer) -> None:
    feed, stop = server.feed(SEARCH), threading.Event()
    codes: list[int] = []

    def emit(summary: Summary) -> None:
        codes.append(summary.exit_code)
        if len(codes) == 1:
            feed.deliver(company(1))
        if len(codes) == 2:
            server.faults = [Fault(status=503) for _ in range(20)]
        if len(codes) == 3:
            server.faults = []
        if len(codes) == 4:
            stop.set()

    code, _ = synced(copy, server, every_seconds=0.01, emit=emit, stop=stop)

    assert (code, codes) == (0, [0, 0, 1, 0])
    assert_same(copy, feed)


def test_a_schedule_goes_on_after_what_a_person_has_to_mend(copy: SqliteCopy, server: FeedServer) -> None:
    feed, stop = server.feed(SEARCH), threading.Event()
    codes: list[int] = []
    feed.deliver(company(1))
    server.faults = [Fault(status=401)]

    def emit(summary: Summary) -> None:
        codes.append(summary.exit_code)
        if summary.error is None:
            stop.set()

    assert (synced(copy, server, every_seconds=0.01, emit=emit, stop=stop)[0], codes) == (0, [2, 0])
    assert_same(copy, feed)


def test_a_schedule_that_cannot_even_begin_ends_at_once(tmp_path: Path, server: FeedServer) -> None:
    with Client(server.url, KEY) as client:
        assert sync([SEARCH], "oracle://x", client, every_seconds=60, emit=lambda summary: None) == 2


def test_stopping_does_not_wait_for_a_server_that_hangs(copy: SqliteCopy, server: FeedServer) -> None:
    stop, hang = threading.Event(), threading.Event()
    server.faults = [Fault(hang=hang)]
    threading.Timer(0.2, stop.set).start()
    assert synced(copy, server, every_seconds=60, stop=stop)[0] == 0
    hang.set()


def test_stopping_does_not_wait_for_a_pause_that_a_server_asks_for(copy: SqliteCopy, server: FeedServer) -> None:
    """The receipt is what the main thread asks for itself."""
    server.feed(SEARCH).deliver(company(1))
    slow = Fault(status=429, headers={"Retry-After": "250"})
    server.on_page = lambda page: server.faults.append(slow) if page == 1 else None
    command = ["sync", SEARCH, "--to", copy.url, "--base-url", server.url, "--every", "1h"]
    with subprocess.Popen(
        [Path(sys.executable).with_name("openprospect"), *command], env={**os.environ, "OPENPROSPECT_API_KEY": KEY}
    ) as run:
        while not server.confirmations():
            time.sleep(0.01)
        run.send_signal(signal.SIGTERM)
        try:
            assert run.wait(timeout=30) == 0
        finally:
            run.kill()
    assert len(server.confirmations()) == 1


def test_one_run_that_is_stopped_is_not_done(copy: SqliteCopy, server: FeedServer) -> None:
    stop = threading.Event()
    stop.set()
    assert synced(copy, server, stop=stop)[0] == 1
