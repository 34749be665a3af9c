"""A small server of the documented API, with what the real one adds, and switches to leave things out or to fail.

It keeps feeds in memory and shares nothing with the service.
"""

import itertools
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.sync.feed_export import exported

KEY = "opk_test_sync"
_START = datetime(2026, 2, 25, 12, tzinfo=UTC)


def stamp(number: int) -> str:
    """The `delivered_at` of the n-th delivery: one microsecond apart."""
    return (_START + timedelta(microseconds=number)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class Feed:
    """One search's feed. Entries are (number, JSON) by company id, oldest delivery first."""

    entries: dict[str, tuple[int, str]] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    lock: threading.RLock = field(default_factory=threading.RLock)
    watermark: str | None = None
    confirmed: list[str] = field(default_factory=list)

    def deliver(self, *companies: dict[str, Any], is_stamped: bool = True) -> None:
        with self.lock:
            for company in companies:
                self.removed.discard(company["id"])
                self._append(company, is_stamped=is_stamped)

    def withdraw(self, company_id: str) -> None:
        with self.lock:
            self.removed.add(company_id)
            before = json.loads(self.entries[company_id][1])
            self._append({"id": company_id, "name": before["name"], "prospects": [], "removal_reason": "withdrawn"}, is_removal=True)

    def live(self) -> dict[str, dict[str, Any]]:
        with self.lock:
            return {key: json.loads(text) for key, (_, text) in self.entries.items() if key not in self.removed}

    def after(self, number: int, *, with_removals: bool) -> list[tuple[int, str]]:
        with self.lock:
            return [entry for key, entry in self.entries.items() if entry[0] > number and (with_removals or key not in self.removed)]

    def _append(self, company: dict[str, Any], *, is_stamped: bool = True, is_removal: bool = False) -> None:
        number = next(self.numbers)
        times = {"delivered_at": stamp(number)} if is_stamped else {}
        times |= {"removed_at": stamp(number)} if is_removal else {}
        self.entries.pop(company["id"], None)
        self.entries[company["id"]] = (number, json.dumps({**company, **times}))
        self.watermark = stamp(number)


@dataclass
class Fault:
    """What happens to one request instead of its answer."""

    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    cut: bool = False
    hang: threading.Event | None = None


class _Quiet(ThreadingHTTPServer):
    """A client that breaks off, because it was killed, is no news."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class FeedServer:
    """Serves feeds until left. Without `links`, `watermarks` and `exports` it is the documented server, and no more."""

    def __init__(self) -> None:
        self.feeds: dict[str, Feed] = {}
        self.links = self.watermarks = self.receipts = self.tags = self.exports = True
        self.link_base = ""
        self.instance: str | None = None
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.on_page: Callable[[int], None] = lambda number: None
        self.on_export: Callable[[Iterator[bytes]], tuple[Iterator[bytes], dict[str, str]]] = lambda chunks: (chunks, {})
        self._pages = itertools.count(1)
        server = self

        class Handler(_Handler):
            feed_server = server

        self._http = _Quiet(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> "FeedServer":
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def feed(self, search_id: str) -> Feed:
        return self.feeds.setdefault(search_id, Feed())

    def polls(self) -> list[str]:
        return [path for method, path, _ in self.requests if method == "GET"]

    def confirmations(self) -> list[str]:
        return [path for method, path, _ in self.requests if method == "PUT"]

    def page(self, feed: Feed, path: str, query: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        self.on_page(next(self._pages))
        limit, offset = int(query.get("limit", 50)), int(query.get("offset", 0))
        since = query.get("after") or query.get("delivered_since")
        is_full = since is None or query.get("full") == "1"
        with feed.lock:
            entries = feed.after(_number(since), with_removals=not is_full)
            watermark = feed.watermark
        rows = entries[offset : offset + limit]
        has_more = len(entries) > offset + limit
        items = ",".join(text for _, text in rows)
        meta = f'"total":{len(entries)},"limit":{limit},"offset":{offset},"has_more":{"true" if has_more else "false"}'
        headers = {"ETag": f'"{watermark}-{since}"'} if self.tags else {}
        if self.watermarks and watermark:
            headers["Delivery-Watermark"] = watermark
        if self.instance:
            headers["Delivery-Instance"] = self.instance
        if self.links and has_more:
            target = urlencode({"after": stamp(rows[-1][0]), "limit": limit, **({"full": "1"} if is_full else {})})
            headers["Link"] = f'<{self.link_base}{path}?{target}>; rel="next"'
            if self.exports:
                begun = {} if is_full else {name: value for name, value in query.items() if name != "limit"}
                export = path.removesuffix("companies") + "export" + (f"?{urlencode(begun)}" if begun else "")
                headers["Link"] += f', <{self.link_base}{export}>; rel="alternate"; type="application/x-ndjson"'
        return f'{{"items":[{items}],{meta}}}'.encode(), headers

    def export(self, feed: Feed, query: dict[str, str]) -> tuple[Iterator[bytes], dict[str, str]]:
        since = query.get("after") or query.get("delivered_since")
        lines = exported(feed, None if since is None else _number(since), _number(feed.watermark), lambda: self.on_page(next(self._pages)))
        chunks, headers = self.on_export(lines)
        return chunks, {"Delivery-Watermark": feed.watermark or "", "Delivery-Instance": self.instance or "", **headers}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    feed_server: FeedServer
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if (found := self._found()) is None:
            return
        feed, query = found
        path = urlsplit(self.path).path
        if path.endswith("/export"):
            self._stream(*self.feed_server.export(feed, query))
            return
        body, headers = self.feed_server.page(feed, path, query)
        if "ETag" in headers and self.headers.get("If-None-Match") == headers["ETag"]:
            self._answer(304, b"", headers)
        else:
            self._answer(200, body, headers)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if (found := self._found()) is None:
            return
        if not self.feed_server.receipts:
            self._answer(404, b'{"code": "NOT_FOUND"}', {})
            return
        found[0].confirmed.append(json.loads(body)["delivered_until"])
        self._answer(200, body, {})

    def _found(self) -> tuple[Feed, dict[str, str]] | None:
        """The feed that is asked for; None where the request was answered with an error."""
        server = self.feed_server
        server.requests.append((self.command, self.path, dict(self.headers.items())))
        parts = urlsplit(self.path)
        segments = parts.path.split("/")
        if server.faults:
            self._fail(server.faults.pop(0))
        elif self.headers.get("Authorization") != f"Bearer {KEY}":
            self._error(401, "UNAUTHORIZED", "This key is unknown.")
        elif len(segments) != 6 or segments[4] not in server.feeds:
            self._error(404, "PROSPECT_SEARCH_NOT_FOUND", "There is no such prospect search.")
        else:
            return server.feeds[segments[4]], {name: values[0] for name, values in parse_qs(parts.query).items()}
        return None

    def _fail(self, fault: Fault) -> None:
        if fault.hang is not None:
            fault.hang.wait()
        if fault.cut:
            self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"items":[')
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        else:
            self._answer(fault.status, json.dumps(fault.body).encode(), fault.headers)

    def _error(self, status: int, code: str, message: str) -> None:
        self._answer(status, json.dumps({"code": code, "message": message, "request_id": "req-1"}).encode(), {})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _stream(self, chunks: Iterator[bytes], headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in {**headers, "Transfer-Encoding": "chunked"}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for chunk in chunks:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def _number(since: str | None) -> int:
    if since is None:
        return 0
    return round((datetime.fromisoformat(since) - _START) / timedelta(microseconds=1))


def company(number: int, *, people: int = 3, **fields: Any) -> dict[str, Any]:
    """The n-th company of a generated feed, with ids that stay the same."""
    return {
        "id": f"{number:08x}-0000-4000-8000-000000000000",
        "name": f"Grand Hotel {number}",
        "website_url": f"https://www.hotel-{number}.example",
        "source_id": f"crm-{number}",
        "prospects": [person(number, place) for place in range(people)],
        **fields,
    }


def person(number: int, place: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"{number:08x}-0000-4000-8000-{place + 1:012x}",
        "first_name": "Maria",
        "last_name": f"Schmidt {place}",
        "email": f"maria.{place}@hotel-{number}.example",
        "job_title": "General Manager",
        **fields,
    }
