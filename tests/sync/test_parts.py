"""A feed in parts, as columns: where it is cut, and what becomes of a stream that breaks off."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pytest

from openprospect.sync.errors import TryLater
from openprospect.sync.parts import Extent, Part, Parts
from tests.sync.feed_server import KEY, FeedServer, company, stamp
from tests.sync.test_client import SEARCH

_MOMENT: pa.DataType = pa.timestamp("us", tz="UTC")
_SCHEMA = pa.schema([("delivered_at", _MOMENT), ("name", pa.string())])
_WIDE = "x" * 2_000  # so that a break does not take everything with it that has arrived
_COMPANIES, _BATCH = 1000, 100
WHOLE = Part(search_id=SEARCH, after=None, until=stamp(_COMPANIES))


class ColumnServer:
    """Exports a thousand companies as Arrow, a hundred at a time; hangs up after so many batches, as often as it is told."""

    def __init__(self) -> None:
        self.hang_ups: list[int] = []
        self.asked: list[dict[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                server.asked.append(query)
                body = server.export(query)
                self.send_response(200)
                # More than comes, where it hangs up: an end before is a break.
                self.send_header("Content-Length", str(len(body) + len(server.hang_ups[:1])))
                self.end_headers()
                self.wfile.write(body)
                server.hang_ups = server.hang_ups[1:]

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def export(self, query: dict[str, str]) -> bytes:
        stamps = [at for at in map(stamp, range(1, _COMPANIES + 1)) if query.get("after", "") < at <= query["delivered_until"]]
        sink = pa.BufferOutputStream()
        writer = pa.ipc.new_stream(sink, _SCHEMA)
        for number, start in enumerate(range(0, len(stamps), _BATCH)):
            if self.hang_ups and number == self.hang_ups[0]:
                break
            moments = pa.array(stamps[start : start + _BATCH], pa.string()).cast(_MOMENT)
            writer.write(pa.record_batch([moments, pa.array([_WIDE] * len(moments))], schema=_SCHEMA))
        else:
            writer.close()
        return bytes(sink.getvalue())

    def __enter__(self) -> "ColumnServer":
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def columns() -> Iterator[ColumnServer]:
    with ColumnServer() as server:
        yield server


@pytest.fixture
def feed() -> Iterator[Parts]:
    with FeedServer() as server:
        server.feed(SEARCH).deliver(*[company(n) for n in range(450)])
        with Parts(server.url, KEY) as parts:
            yield parts


def read(columns: ColumnServer, part: Part = WHOLE) -> list[str]:
    with Parts(columns.url, KEY) as parts:
        moments = [moment for batch in parts.batches(part) for moment in batch["delivered_at"].to_pylist()]
    return [f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}" for moment in moments]


def test_a_part_ends_where_the_next_one_begins(columns: ColumnServer) -> None:
    first = read(columns, Part(search_id=SEARCH, after=None, until=stamp(333), as_of=stamp(1000)))
    second = read(columns, Part(search_id=SEARCH, after=stamp(333), until=stamp(1000), as_of=stamp(1000)))
    assert first + second == [stamp(number) for number in range(1, 1001)]
    assert {query["as_of"] for query in columns.asked} == {stamp(1000)}


def test_a_stream_that_breaks_off_goes_on_where_it_broke(columns: ColumnServer) -> None:
    columns.hang_ups = [3, 0, 4]
    assert read(columns) == [stamp(number) for number in range(1, 1001)]
    first, second, third, fourth = (query.get("after", "") for query in columns.asked)
    assert first < second == third < fourth


def test_a_stream_that_never_gets_any_further_is_given_up(columns: ColumnServer) -> None:
    columns.hang_ups = [2] + [0] * 100
    with pytest.raises(TryLater):
        read(columns)
    assert 2 < len(columns.asked) < 20


@pytest.mark.parametrize("spoil", [lambda body: body[: len(body) // 2], lambda body: b"", lambda body: b"<html>Sign in</html>"])
def test_what_is_no_whole_stream_though_it_ends_in_good_order_is_asked_for_again(
    columns: ColumnServer, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[bytes], bytes]
) -> None:
    export = columns.export
    spoilt = [True, True]
    monkeypatch.setattr(columns, "export", lambda query: spoil(export(query)) if spoilt and spoilt.pop() else export(query))
    assert read(columns) == [stamp(number) for number in range(1, 1001)]

    monkeypatch.setattr(columns, "export", lambda query: b"<html>Sign in</html>")
    with pytest.raises(TryLater, match="no stream of Arrow"):
        read(columns)


def test_cuts_are_even_and_within(feed: Parts) -> None:
    extent = feed.begin(SEARCH, delivered_since=None)
    assert extent == Extent(companies=450, watermark=stamp(450))
    assert feed.cuts(SEARCH, delivered_since=None, companies=450, parts=3) == [stamp(150), stamp(300)]
    assert feed.cuts(SEARCH, delivered_since=None, companies=450, parts=1) == []


def test_cuts_of_what_came_since_lie_after_it(feed: Parts) -> None:
    companies = feed.extent(SEARCH, after=stamp(400)).companies
    assert feed.cuts(SEARCH, delivered_since=stamp(400), companies=companies, parts=2) == [stamp(425)]


def test_where_there_are_fewer_by_now_there_are_fewer_cuts(feed: Parts) -> None:
    assert feed.cuts(SEARCH, delivered_since=None, companies=900, parts=4) == [stamp(225), stamp(450)]
