"""One client's connection: uvicorn's own, with bounds on what it leaves open, so that nobody's slowness or greed is another's.

A head has to be whole, and a body to go on arriving, within a time; an answer has to be read; and where connections become many, those
with nothing under way give way to newcomers, the one that has been quiet longest first.
"""

import asyncio
import heapq
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from openprospect.server.core.ids import new_id
from openprospect.server.http.body import MAX_BODY_BYTES
from openprospect.server.http.errors import Problem
from openprospect.server.http.head_with_body import HeadWithBody

_HEAD_BYTES = 64 << 10
_HEADERS = 100
# Whatever follows a head, its chunks' sizes and trailers included; what is a body's own is bounded where it is read.
_MESSAGE_BYTES = MAX_BODY_BYTES + (16 << 20)


_NOT_HTTP = (400, "VALIDATION_ERROR", "This cannot be read as HTTP/1.1.")
_TOO_MUCH_HEAD = (431, "HEADERS_TOO_LARGE", "A request may have 100 headers, and 64 KiB of them with its first line.")


class _TooManyHeaders(Exception):
    """Makes the parser give up, and uvicorn refuse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTimeouts:
    """How long a client may take. A body has as many more seconds as its bytes so far allow."""

    head_seconds: float = 15.0
    body_seconds: float = 30.0
    body_bytes_a_second: float = 8 << 10
    # A consumer may have to write a batch into a slow warehouse before it reads on.
    unread_seconds: float = 300.0
    look_seconds: float = 1.0


class BoundedConnection(HttpToolsProtocol):
    """`config.limit_concurrency` is how many connections a process holds; uvicorn would refuse everybody's requests beyond it."""

    patience = ClientTimeouts()

    def __init__(self, config: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(config, *arguments, **options)
        self.limit_concurrency = None
        self._most_connections: int = config.limit_concurrency
        self._head_since: float | None = None
        self._body_since: float | None = None
        self._unread_since: float | None = None
        self.quiet_since = 0.0
        self._received_bytes = 0
        self._looking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(cast("asyncio.Transport", HeadWithBody(transport, self.loop)))
        self._head_since = self.quiet_since = self.loop.time()
        self._looking = self.loop.call_later(self.patience.look_seconds, self._look)
        if len(self.connections) > self._most_connections and not self._make_room():
            self._refuse(503, "UNAVAILABLE", "There are too many connections just now; try again in a few seconds.")

    def connection_lost(self, exc: Exception | None) -> None:
        if self._looking:
            self._looking.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._head_since is None and self._body_since is None:
            self._head_since, self._received_bytes = self.loop.time(), 0
        self._received_bytes += len(data)
        super().data_received(data)
        if self._head_since is not None and self._received_bytes > _HEAD_BYTES:
            self._refuse(*_TOO_MUCH_HEAD)
        elif self._received_bytes > _MESSAGE_BYTES:
            self._refuse(413, "PAYLOAD_TOO_LARGE", "The body is larger than 64 MiB.")

    def on_headers_complete(self) -> None:
        if len(self.headers) > _HEADERS:
            raise _TooManyHeaders
        self._head_since, self._body_since, self._received_bytes = None, self.loop.time(), 0
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # which says nothing
        too_many = len(self.headers or ()) > _HEADERS
        self._refuse(*(_TOO_MUCH_HEAD if too_many else _NOT_HTTP))

    def on_message_complete(self) -> None:
        self._body_since = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self.quiet_since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        self._unread_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._unread_since = None
        super().resume_writing()

    def _look(self) -> None:
        """Now and then, rather than a timer a request."""
        now = self.loop.time()
        if self.flow.read_paused:
            self._excuse(now)
        if self._unread_since is not None and now - self._unread_since > self.patience.unread_seconds:
            self.transport.abort()
        elif self._is_late(now):
            self._refuse(408, "REQUEST_TIMEOUT", "The request arrived too slowly; send it again.")
        else:
            self._looking = self.loop.call_later(self.patience.look_seconds, self._look)

    def _excuse(self, now: float) -> None:
        """Whoever has to wait for us is not late: their time begins anew."""
        if self._head_since is not None:
            self._head_since = now
        if self._body_since is not None:
            self._body_since = now

    def _is_late(self, now: float) -> bool:
        if self._head_since is not None:
            return now - self._head_since > self.patience.head_seconds
        return self._body_since is not None and now - self._body_since > self._body_seconds()

    def _body_seconds(self) -> float:
        return self.patience.body_seconds + self._received_bytes / self.patience.body_bytes_a_second

    def _make_room(self) -> bool:
        """Close a hundredth of the connections, so that this need not be done at each newcomer; answers whether there was one to close."""
        others = (cast("BoundedConnection", other) for other in self.connections if other is not self)
        quiet = (other for other in others if other.is_quiet())
        longest = heapq.nsmallest(max(1, self._most_connections // 100), quiet, key=lambda other: other.quiet_since)
        for other in longest:
            other.transport.close()
            self.connections.discard(other)
        return bool(longest)

    def is_quiet(self) -> bool:
        """Whether nothing that was asked for is under way."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is None or cycle.response_complete

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answer where no answer has begun, and close; what was asked for is not waited for."""
        if self.is_quiet() or not self.cycle.response_started:
            problem = Problem(code=code, message=message, details={}, request_id=str(new_id()))
            body = msgspec.json.encode(problem)
            headers = b"content-type: application/json\r\ncontent-length: %d\r\nretry-after: 5\r\nconnection: close\r\n\r\n" % len(body)
            self.transport.write(STATUS_LINE[status] + headers + body)
        self.transport.close()
