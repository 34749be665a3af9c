"""A real receiver on a real socket, in a thread of its own; how it behaves is the test's to say, request by request."""

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

MOST_SECONDS = 60.0
_FLOOD_BYTES = 500 << 20


@dataclass(frozen=True)
class Received:
    """A request as it came in; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event


@dataclass(frozen=True)
class Reply:
    status: int = 204
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Manner(Exception):
    """Ways to answer that are no answer."""


class Hang(Manner):
    """Accept the request, and say nothing."""


class Drop(Manner):
    """Close the connection, having read the request."""


class Drip(Manner):
    """Say something for ever, a byte at a time."""


class Flood(Manner):
    """Answer 200 with half a gigabyte."""


Behaviour = Callable[[Received], Reply]


class Receiver:
    """Listens on the loopback. `behave` may be replaced at any time; it returns a reply or raises a manner.

    With TLS where a context is given; `connections` are those whose handshake came to its end.
    """

    def __init__(self, behave: Behaviour | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        self.behave: Behaviour = behave or (lambda _request: Reply())
        self.requests: list[Received] = []
        self.flooded_bytes = 0
        self.connections = 0
        self._changed = threading.Condition()
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._connections: set[asyncio.Task[None]] = set()

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def events(self, path: str | None = None) -> list[dict[str, Any]]:
        return [request.event for request in self.requests if path in {None, request.path}]

    def once_each(self, path: str | None = None) -> list[dict[str, Any]]:
        """The events by their first arrival: what a receiver that remembers ids acts upon."""
        first: dict[str, dict[str, Any]] = {}
        for request in list(self.requests):
            if path in {None, request.path}:
                first.setdefault(request.id, request.event)
        return list(first.values())

    def wait(self, is_true: Callable[["Receiver"], Any], *, seconds: float = MOST_SECONDS) -> None:
        """Until it is true of what has been received."""
        with self._changed:
            assert self._changed.wait_for(lambda: is_true(self), seconds), f"not so after {seconds} s and {len(self.requests)} requests"

    @contextmanager
    def listening(self, address: str = "127.0.0.1") -> Iterator["Receiver"]:
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, address, 0, ssl=self._tls))
        self.port: int = server.sockets[0].getsockname()[1]
        thread = threading.Thread(target=self._loop.run_forever)
        thread.start()
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self._close(server), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    async def _close(self, server: asyncio.Server) -> None:
        server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        self.connections += 1
        try:
            # Cancelled only at the end, when nobody waits for the task: asyncio would complain of it.
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, Drop):
                while True:
                    await self._exchange(await _request(reader), writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _exchange(self, request: Received, writer: asyncio.StreamWriter) -> None:
        try:
            reply = self.behave(request)
        except Manner as manner:
            self._note(request)
            await self._misbehave(manner, writer)
            raise Drop from None
        headers = {"content-length": str(len(reply.body)), **reply.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._note(request)
        writer.write(f"HTTP/1.1 {reply.status} Answer\r\n{head}\r\n".encode() + reply.body)
        await writer.drain()

    async def _misbehave(self, manner: Manner, writer: asyncio.StreamWriter) -> None:
        if isinstance(manner, Hang):
            await asyncio.sleep(MOST_SECONDS)
        elif isinstance(manner, Drip):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
            while True:
                writer.write(b".")
                await writer.drain()
                await asyncio.sleep(0.05)
        elif isinstance(manner, Flood):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % _FLOOD_BYTES)
            for _ in range(_FLOOD_BYTES >> 16):
                writer.write(b"x" * (1 << 16))
                await writer.drain()
                self.flooded_bytes += 1 << 16

    def _note(self, request: Received) -> None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()


async def _request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers["content-length"]))
    return Received(path=head[0].split(" ")[1], headers=headers, body=body, at=time.time())
