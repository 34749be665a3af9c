"""A service that was restored from a backup, or is another database: its feed lacks what was read since, and never tells so."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openprospect.sync.client import Client
from openprospect.sync.errors import OtherInstance
from openprospect.sync.parts import Extent, Parts
from tests.sync.contract import SEARCH, assert_same, sync
from tests.sync.feed_server import KEY, FeedServer, company, stamp
from tests.sync.test_sqlite import SqliteCopy


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        server.instance = "before"
        server.feed(SEARCH).deliver(company(1), company(2))
        yield server


def test_a_page_of_another_instance_than_the_expected_one_is_not_given_out(server: FeedServer) -> None:
    with Client(server.url, KEY) as client:
        assert [len(page.companies) for page in client.pages(SEARCH, delivered_since=stamp(1), expected_instance="before")] == [1]
        server.instance = "restored"
        with pytest.raises(OtherInstance, match=f"The service at {server.url} was restored from a backup, or is another database"):
            next(client.pages(SEARCH, delivered_since=stamp(1), expected_instance="before"))


def test_a_server_that_tells_no_instance_is_the_expected_one(server: FeedServer) -> None:
    server.instance = None
    with Client(server.url, KEY) as client:
        assert len(list(client.pages(SEARCH, expected_instance="before"))) == 1


def test_an_empty_page_that_has_not_changed_is_of_the_instance_that_says_so(server: FeedServer) -> None:
    with Client(server.url, KEY) as client:
        assert [page.instance for page in client.pages(SEARCH, delivered_since=stamp(2))] == ["before"]
        server.instance = "restored"
        assert [page.instance for page in client.pages(SEARCH, delivered_since=stamp(2))] == ["restored"]


def test_a_service_that_is_restored_during_a_walk_ends_it(server: FeedServer) -> None:
    server.feed(SEARCH).deliver(*[company(n) for n in range(250)])
    server.exports = False
    server.on_page = restore_before(server, 3)
    with Client(server.url, KEY) as client:
        pages = client.pages(SEARCH)
        assert [len(next(pages).companies) for _ in range(2)] == [100, 100]
        with pytest.raises(OtherInstance):
            next(pages)


def test_a_first_sync_during_which_the_service_is_restored_confirms_nothing(server: FeedServer, tmp_path: Path) -> None:
    copy, feed = SqliteCopy(tmp_path / "feed.db"), server.feed(SEARCH)
    feed.deliver(*[company(n) for n in range(250)])
    server.exports = False
    server.on_page = restore_before(server, 3)

    assert isinstance(sync(copy, server).error, OtherInstance)

    assert feed.confirmed == []
    assert sync(copy, server, full=True).error is None
    assert_same(copy, feed)


def restore_before(server: FeedServer, number: int) -> Callable[[int], None]:
    """Another database stands behind the server from that page on."""

    def restore(page: int) -> None:
        server.instance = "before" if page < number else "restored"

    return restore


def test_what_is_read_in_parts_is_of_the_expected_instance(server: FeedServer) -> None:
    with Parts(server.url, KEY) as feed:
        extent = feed.extent(SEARCH, after=stamp(1), expected_instance="before")
        assert extent == Extent(companies=1, watermark=stamp(2), instance="before")
        server.instance = "restored"
        with pytest.raises(OtherInstance):
            feed.extent(SEARCH, after=stamp(1), expected_instance="before")


def test_a_sync_says_that_the_service_was_restored_and_follows_it_with_full(server: FeedServer, tmp_path: Path) -> None:
    copy = SqliteCopy(tmp_path / "feed.db")
    sync(copy, server)
    server.instance = "restored"

    error = sync(copy, server).error

    assert isinstance(error, OtherInstance)
    assert error.message == (
        f"The service at {server.url} was restored from a backup, or is another database, since it was last read."
        " To follow it from now on, run once with --full."
    )
    assert sync(copy, server, full=True).error is None
    assert_same(copy, server.feed(SEARCH))
    assert sync(copy, server).error is None
