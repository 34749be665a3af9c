"""What every destination must do. A destination's own test is a way to look into it, and a subclass of this."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, Protocol

import pytest

from openprospect.sync.client import Client
from openprospect.sync.destinations.frames import FIXED
from openprospect.sync.destinations.opening import held_in, open_destination
from openprospect.sync.engine import run
from openprospect.sync.errors import Busy, DestinationRefused
from openprospect.sync.summary import Summary
from tests.sync.feed_server import KEY, Feed, FeedServer, company
from tests.sync.generated_feed import GeneratedFeed

SEARCH = "11111111-1111-4111-8111-111111111111"
OTHER_SEARCH = "22222222-2222-4222-8222-222222222222"
_PROGRAM = Path(__file__).with_name("sync_program.py")


class Place(Protocol):
    """Something that is synced to."""

    url: str


class Copy(Place, Protocol):
    """A destination, as somebody who reads it sees it."""

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Every row, `delivered_at` as text with six digits and `Z`."""

    def occupy(self) -> None:
        """Put a table `companies` there that is somebody else's, with one row or file."""

    def is_untouched(self) -> bool:
        """Whether what `occupy` made is all there is."""


class DestinationContract:
    most_memory_mib = 400

    @pytest.fixture
    def server(self) -> Iterator[FeedServer]:
        with FeedServer() as server:
            yield server

    @pytest.fixture
    def feed(self, server: FeedServer) -> Feed:
        return server.feed(SEARCH)

    def test_a_first_sync_holds_exactly_what_was_delivered(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        feed.deliver(*[company(n, people=n % 4) for n in range(250)])

        summary = sync(copy, server)

        assert (summary.companies, summary.prospects, summary.removed) == (250, sum(n % 4 for n in range(250)), 0)
        assert_same(copy, feed)

    def test_the_next_sync_takes_only_what_is_new(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1), company(2))
        sync(copy, server)
        feed.deliver(company(2, name="Renamed"), company(3))

        summary = sync(copy, server)

        assert summary.companies == 2
        assert f"delivered_since={feed_stamp(2)}" in server.polls()[-1]
        assert_same(copy, feed)

    def test_the_checkpoint_is_the_exact_text_served(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1))
        sync(copy, server)

        with closing(open_destination(copy.url)) as destination:
            checkpoint = destination.checkpoint(SEARCH)

        assert checkpoint is not None
        assert checkpoint.delivered_until == feed.watermark

    def test_an_empty_feed_leaves_empty_tables(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        summary = sync(copy, server)

        assert (summary.companies, summary.delivered_until, summary.error) == (0, None, None)
        assert_same(copy, feed)

    def test_a_person_left_out_of_a_redelivery_is_gone(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1, people=3))
        sync(copy, server)
        feed.deliver(company(1, people=2))

        sync(copy, server)

        assert_same(copy, feed)

    def test_a_withdrawn_company_is_gone_with_its_people(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1), company(2))
        sync(copy, server)
        feed.withdraw(company(1)["id"])

        summary = sync(copy, server)

        assert summary.removed == 1
        assert_same(copy, feed)

    def test_a_withdrawn_company_that_is_delivered_again_is_back(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1), company(2))
        sync(copy, server)
        feed.withdraw(company(1)["id"])
        sync(copy, server)
        feed.deliver(company(1))

        sync(copy, server)

        assert_same(copy, feed)

    @pytest.mark.parametrize("exports", [True, False], ids=["stream", "pages"])
    def test_what_is_withdrawn_or_moved_while_the_feed_is_walked_ends_up_right(
        self, copy: Copy, server: FeedServer, feed: Feed, *, exports: bool
    ) -> None:
        server.exports = exports
        feed.deliver(*[company(n) for n in range(300)])

        def move(page: int) -> None:
            if page == 2:
                feed.withdraw(company(1)["id"])
                feed.deliver(company(2, people=0, name="Moved"))
                feed.withdraw(company(250)["id"])

        server.on_page = move
        sync(copy, server, batch_companies=100)

        assert_same(copy, feed)

    def test_two_searches_may_hold_a_company_of_the_same_id(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1, name="Here"))
        server.feed(OTHER_SEARCH).deliver(company(1, name="There", people=1))
        sync(copy, server)
        sync(copy, server, search_id=OTHER_SEARCH)
        server.feed(OTHER_SEARCH).withdraw(company(1)["id"])

        sync(copy, server, search_id=OTHER_SEARCH)

        assert_same(copy, feed)

    def test_text_of_any_script_and_any_character_survives(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        names = ["Żółć ß 東京 🏨", "tab\tnew\nline\rreturn", "quote \" ' \\N \\t back\\slash", "", "\\N", "\u2028 \x01"]
        feed.deliver(*[company(n, name=name, attributes={"note": name}) for n, name in enumerate(names)])

        sync(copy, server)

        assert_same(copy, feed)
        assert sorted(row["name"] for row in copy.rows("companies")) == sorted(names)

    def test_a_table_of_somebody_else_is_left_alone(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1))
        copy.occupy()

        with pytest.raises(DestinationRefused, match="did not make; it is left alone"):
            sync(copy, server)

        assert copy.is_untouched()

    def test_another_server_s_data_is_not_mixed_in_unless_it_is_to_take_over(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1), company(2))
        sync(copy, server)
        with FeedServer() as other:
            other.feed(SEARCH).deliver(company(2), company(3))

            summary = sync(copy, other)
            assert isinstance(summary.error, DestinationRefused)
            assert "--full" in summary.error.message
            assert_same(copy, feed)

            assert sync(copy, other, full=True).removed == 1
            assert_same(copy, other.feed(SEARCH))

    def test_the_same_instance_under_another_address_is_the_same_server(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        server.instance = "feed-1"
        feed.deliver(company(1))
        sync(copy, server)
        with FeedServer() as moved:
            moved.instance = "feed-1"
            moved.feeds[SEARCH] = feed
            feed.deliver(company(2))

            assert sync(copy, moved).error is None

        assert_same(copy, feed)

    def test_a_feed_that_ends_before_the_checkpoint_is_refused(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1), company(2))
        sync(copy, server)
        server.feeds[SEARCH] = Feed()
        server.feeds[SEARCH].deliver(company(1))

        summary = sync(copy, server)

        assert isinstance(summary.error, DestinationRefused)
        assert "restored" in summary.error.message

    def test_a_second_run_is_told_who_holds_the_destination(self, copy: Copy) -> None:
        with (
            closing(open_destination(copy.url)),
            pytest.raises(Busy, match=f"process {os.getpid()} on "),
        ):
            open_destination(copy.url)
        open_destination(copy.url).close()

    def test_a_full_run_removes_what_is_not_in_the_feed(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        feed.deliver(*[company(n) for n in range(120)])
        sync(copy, server)
        forget(feed, 3, 110)

        assert sync(copy, server).removed == 0
        assert sync(copy, server, full=True).removed == 2

        assert_same(copy, feed)

    def test_a_full_run_keeps_what_moves_while_it_reads(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        feed.deliver(*[company(n) for n in range(350)])
        sync(copy, server)
        server.on_page = lambda page: feed.deliver(company(1, name="Here"), company(340, name="There")) if page % 5 == 0 else None

        summary = sync(copy, server, full=True)

        assert summary.removed == 0
        assert_same(copy, feed)

    def test_a_full_run_cut_short_is_completed_by_the_next_ordinary_one(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        feed.deliver(*[company(n) for n in range(350)])
        sync(copy, server)
        forget(feed, 3, 310)
        interrupted = subprocess.run(program(copy, server, batch_companies=100, kill_after_batches=1, full=True), check=False)
        assert interrupted.returncode == -signal.SIGKILL
        feed.withdraw(company(5)["id"])
        feed.deliver(company(6, people=0))

        assert sync(copy, server).removed == 3

        assert_same(copy, feed)
        assert sync(copy, server).companies == 0

    def test_kills_at_any_moment_lose_and_double_nothing(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        random = Random(7)
        feed.deliver(*[company(n) for n in range(1500)])
        kills = 0
        for attempt in range(8):
            with subprocess.Popen(program(copy, server, batch_companies=50, full=attempt == 5)) as process:
                server.on_page = killer(process, page=random.randint(2, 6), after_seconds=random.random() * 0.03)
                kills += process.wait() == -signal.SIGKILL
            server.on_page = lambda page: None
            for n in random.sample(range(1500), 20):
                feed.deliver(company(n, people=random.randint(0, 4), attributes={f"wave{attempt}": n}))
            feed.withdraw(random.choice(list(feed.live())))

        assert sync(copy, server).error is None

        assert kills >= 4
        assert_same(copy, feed)

    def test_a_first_sync_that_is_killed_early_is_no_obstacle(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        feed.deliver(*[company(n) for n in range(300)])
        for moment in range(6):
            with subprocess.Popen(program(copy, server, batch_companies=100)) as process:
                server.on_page = killer(process, page=2, after_seconds=moment * 0.01)
                process.wait()
            server.on_page = lambda page: None

        assert sync(copy, server).error is None

        assert_same(copy, feed)

    def test_what_a_first_sync_had_stored_when_it_was_killed_is_gone_if_it_left_the_feed_since(
        self, copy: Copy, server: FeedServer, feed: Feed
    ) -> None:
        server.links = server.exports = False
        feed.deliver(*[company(n) for n in range(300)])
        interrupted = subprocess.run(program(copy, server, batch_companies=100, kill_after_batches=1), check=False)
        assert interrupted.returncode == -signal.SIGKILL
        feed.withdraw(company(5)["id"])

        assert sync(copy, server).error is None

        assert_same(copy, feed)
        assert feed.confirmed == [feed.watermark]

    def test_memory_does_not_grow_with_the_feed(self, copy: Copy, server: FeedServer) -> None:
        server.feeds[SEARCH] = GeneratedFeed(60_000)

        assert int(subprocess.check_output(program(copy, server))) < self.most_memory_mib

        [held] = held_in(copy.url)
        assert (held.companies, held.prospects) == (60_000, 180_000)

    def test_the_status_tells_what_is_held(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1), company(2, people=1))
        sync(copy, server)

        [held] = held_in(copy.url)

        assert (held.search_id, held.companies, held.prospects, held.delivered_until) == (SEARCH, 2, 4, feed.watermark)
        assert held.synced_at


def sync(copy: Place, server: FeedServer, *, search_id: str = SEARCH, full: bool = False, batch_companies: int = 10_000) -> Summary:
    server.feed(search_id)
    with Client(server.url, KEY) as client, closing(open_destination(copy.url)) as destination:
        [summary] = run([search_id], destination, client, full=[search_id] if full else (), batch_companies=batch_companies)
    return summary


def program(
    copy: Place, server: FeedServer, *, batch_companies: int = 10_000, kill_after_batches: int = 0, full: bool = False
) -> list[str]:
    """The command line of a sync in a process of its own, which prints its peak memory in MiB."""
    settings = [copy.url, server.url, SEARCH, str(batch_companies), str(kill_after_batches), str(int(full))]
    return [sys.executable, str(_PROGRAM), *settings]


def killer(process: "subprocess.Popen[bytes]", *, page: int, after_seconds: float) -> Callable[[int], None]:
    """Kills the process a moment after it asked for its n-th page."""
    asked = iter(range(1, 10_000))

    def on_page(_: int) -> None:
        if next(asked) == page:
            threading.Timer(after_seconds, process.kill).start()

    return on_page


def forget(feed: Feed, *numbers: int) -> None:
    """Take companies out of a feed without a word, as no server should."""
    for n in numbers:
        del feed.entries[company(n)["id"]]


def feed_stamp(number: int) -> str:
    return f"2026-02-25T12%3A00%3A00.{number:06d}Z"


def assert_same(copy: Copy, feed: Feed) -> None:
    """The fixed columns of both tables are exactly the live feed's: no row missing, doubled or left over."""
    live = feed.live().values()
    companies = [{**{key: one[key] for key in FIXED["companies"] if key in one}, "prospect_search_id": SEARCH} for one in live]
    prospects = [
        {**{key: who[key] for key in FIXED["prospects"] if key in who}, "company_id": one["id"], "delivered_at": one["delivered_at"]}
        for one in live
        for who in one["prospects"]
    ]
    assert fixed_rows(copy, "companies") == sorted(companies, key=lambda row: row["id"])
    assert fixed_rows(copy, "prospects") == sorted(
        [{**row, "prospect_search_id": SEARCH} for row in prospects], key=lambda row: (row["company_id"], row["id"])
    )


def fixed_rows(copy: Copy, table: str) -> list[dict[str, Any]]:
    rows = [{name: row[name] for name in FIXED[table]} for row in copy.rows(table)]
    return sorted(rows, key=lambda row: (row.get("company_id", ""), row["id"]))


def as_json(cell: Any) -> Any:
    return json.loads(cell) if isinstance(cell, str) else cell
