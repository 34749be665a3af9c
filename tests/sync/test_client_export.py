"""The client library where the server offers a feed as one stream."""

import gzip
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest

from openprospect.sync.client import Client
from openprospect.sync.errors import KeyRefused
from openprospect.sync.links import export_url
from tests.sync.feed_server import Fault, Feed, FeedServer, company, stamp
from tests.sync.test_client import SEARCH, patient

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        server.feed(SEARCH).deliver(*[company(n) for n in range(450)])
        yield server


@pytest.fixture
def feed(server: FeedServer) -> Feed:
    return server.feed(SEARCH)


@pytest.fixture
def client(server: FeedServer) -> Iterator[Client]:
    with patient(server, []) as client:
        yield client


def read(client: Client, **settings: Any) -> list[str]:
    """Names as they come, with nothing left out."""
    return [found.name for found in client.companies(SEARCH, **settings)]


def asked(server: FeedServer) -> list[str]:
    return [path.rpartition("/")[2].partition("=")[0] for path in server.polls()]


def test_a_feed_of_several_pages_is_read_as_one_stream_and_ends_with_a_page(client: Client, server: FeedServer) -> None:
    assert read(client) == [f"Grand Hotel {n}" for n in range(450)]
    assert asked(server) == ["companies?limit", "export", "companies?after"]


def test_a_single_page_needs_no_stream(client: Client, feed: Feed, server: FeedServer) -> None:
    since = feed.watermark
    feed.deliver(*[company(n) for n in range(100)])
    assert len(read(client, delivered_since=since)) == 100
    assert asked(server) == ["companies?delivered_since"]


def test_the_rest_of_a_feed_is_a_stream_too_and_withdrawals_are_in_it(client: Client, feed: Feed, server: FeedServer) -> None:
    since = feed.watermark
    feed.deliver(*[company(n) for n in range(200)])
    feed.withdraw(company(7)["id"])

    found = list(client.companies(SEARCH, delivered_since=since))

    assert [company.removed_at is not None for company in found] == [False] * 199 + [True]
    assert asked(server) == ["companies?delivered_since", "export?delivered_since", "companies?after"]


def test_what_moves_while_the_stream_is_read_comes_after_it(client: Client, feed: Feed, server: FeedServer) -> None:
    server.on_page = lambda page: feed.deliver(company(440, name="Moved")) if page == 4 else None

    names = read(client)

    assert names.count("Moved") == 1
    assert len(set(names)) == len(names) == 450


def broken_line(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The stream ends in good order, but inside a line."""
    yield from islice(chunks, 2)
    yield next(chunks).rstrip(b"\n}")


def missing_line_feed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The stream ends in good order, and its last line might be whole."""
    yield from islice(chunks, 2)
    yield next(chunks).rstrip(b"\n")


def nothing(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield from islice(chunks, 0)


def failing(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The connection breaks."""
    yield from islice(chunks, 3)
    raise ConnectionAbortedError


@pytest.mark.parametrize("break_off", [broken_line, missing_line_feed, nothing, failing])
def test_a_stream_that_breaks_off_is_gone_on_with_page_by_page(
    client: Client, server: FeedServer, break_off: Callable[[Iterator[bytes]], Iterator[bytes]]
) -> None:
    server.on_export = lambda chunks: (break_off(chunks), {})

    assert read(client) == [f"Grand Hotel {n}" for n in range(450)]
    assert all("delivered_since" not in path for path in server.polls())  # It would say that all this is stored.


def test_a_stream_that_would_tell_what_is_stored_is_left_alone_where_nothing_is_to_be_told(
    client: Client, server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = server.page

    def telling(feed: Feed, path: str, query: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        body, headers = page(feed, path, query)
        return body, {**headers, "Link": headers.get("Link", "").replace("export?after", "export?delivered_since")}

    monkeypatch.setattr(server, "page", telling)

    pages = list(client.pages(SEARCH, after=stamp(100)))

    assert sum(len(page.companies) for page in pages) == 350
    assert set(asked(server)) == {"companies?after"}


def test_offsets_are_counted_from_where_a_stream_broke_off_where_no_page_links_to_the_next(
    client: Client, server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = server.page

    def without_next(feed: Feed, path: str, query: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        body, headers = page(feed, path, query)
        return body, {**headers, "Link": headers.get("Link", "").partition(", ")[2]}

    monkeypatch.setattr(server, "page", without_next)
    server.on_export = lambda chunks: (failing(chunks), {})

    assert read(client) == [f"Grand Hotel {n}" for n in range(450)]
    assert "offset=100" in server.polls()[-1]


@pytest.mark.parametrize(("coding", "compress"), [("gzip", gzip.compress), ("zstd", zstd.compress)])
@pytest.mark.parametrize("kept", [1.0, 0.6])
def test_a_compressed_stream_is_read_and_half_of_one_is_not_taken_for_the_whole(
    client: Client, server: FeedServer, coding: str, compress: Callable[[bytes], bytes], kept: float
) -> None:
    def compressed(chunks: Iterator[bytes]) -> tuple[Iterator[bytes], dict[str, str]]:
        body = compress(b"".join(chunks))
        return iter([body[: int(len(body) * kept)]]), {"Content-Encoding": coding}

    server.on_export = compressed

    assert read(client) == [f"Grand Hotel {n}" for n in range(450)]


def test_a_stream_is_asked_for_again_while_the_server_is_in_trouble(server: FeedServer) -> None:
    pauses: list[float] = []
    server.on_page = lambda page: server.faults.append(Fault(status=503)) if page == 1 else None
    with patient(server, pauses) as client:
        assert len(read(client)) == 450
    assert pauses == [0.375]


def test_a_key_that_ends_meanwhile_is_refused(client: Client, server: FeedServer) -> None:
    server.on_page = lambda page: server.faults.append(Fault(status=401)) if page == 1 else None
    with pytest.raises(KeyRefused):
        read(client)


def test_fields_that_are_not_documented_are_kept_as_attributes(client: Client, feed: Feed) -> None:
    feed.deliver(company(1, city="Berlin"))
    assert [found.attributes for found in client.companies(SEARCH) if found.attributes] == [{"city": "Berlin"}]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('</p/feed/export>; rel="alternate"; type="application/x-ndjson"', "https://h/p/feed/export"),
        ('<http://inner/feed/export?x=1>; type=application/x-ndjson; rel="up alternate"', "https://h/p/feed/export?x=1"),
        ('</p/feed?a=1>; rel="next", </p/feed/export?x=1>; rel="alternate"; type="Application/X-NDJSON"', "https://h/p/feed/export?x=1"),
        ('</p/feed/export>; rel="alternate"; type="application/json"', None),
        ('</p/feed/export>; rel="alternate"', None),
        ('</p/elsewhere>; rel="alternate"; type="application/x-ndjson"', None),
        ('</p/feed?a=1>; rel="next"', None),
        ("", None),
    ],
)
def test_the_stream_is_the_feed_s_own_export_with_the_query_of_the_link(header: str, expected: str | None) -> None:
    assert export_url(header, url="https://h/p/feed/export", endpoint="/feed/export") == expected
