"""What the fakes of both vendors share: an HTTP server that counts calls, has a daily quota, and can be told to fail."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else {}


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class VendorServer:
    """Answers calls one after the other.

    `refusals`: values that no field may take, with the reason. `locked`: records that may neither be changed nor deleted.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.faults: list[Reply] = []
        self.refusals: dict[str, str] = {}
        self.refuses_deletes = False
        self.locked: set[str] = set()
        self.daily_calls = 100_000
        self.used_calls = 0
        self.before_call: Callable[[int], None] = lambda number: None
        self.after_call: Callable[[Call], Reply | None] = lambda call: None
        self._lock = threading.RLock()
        fake = self

        class Handler(_Handler):
            vendor = fake

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, call: Call) -> Reply:
        """What the vendor answers to a call within the quota."""
        raise NotImplementedError

    def quota_spent(self) -> Reply:
        raise NotImplementedError

    def quota_headers(self) -> Mapping[str, str]:
        raise NotImplementedError

    def handle(self, call: Call) -> Reply:
        with self._lock:
            number = len(self.calls)
            self.calls.append(call)
            self.before_call(number)
            if self.faults:
                return self.faults.pop(0)
            if self.used_calls >= self.daily_calls:
                return self.quota_spent()
            self.used_calls += 1
            reply = self.answer(call)
            reply = self.after_call(call) or reply
            return Reply(reply.status, reply.body, {**self.quota_headers(), **reply.headers})

    def refused_value(self, values: Mapping[str, Any]) -> str | None:
        return next((self.refusals[value] for value in values.values() if isinstance(value, str) and value in self.refusals), None)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    vendor: VendorServer
    wbufsize = -1
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        reply = self.vendor.handle(
            Call(
                self.command,
                parts.path,
                {name: ",".join(values) for name, values in parse_qs(parts.query).items()},
                dict(self.headers.items()),
                raw,
            )
        )
        body = b"" if reply.body is None else json.dumps(reply.body).encode()
        try:
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
        except OSError:  # the client was killed
            self.close_connection = True

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815 - the names that the base class looks for

    def log_message(self, *_: object) -> None:
        pass
