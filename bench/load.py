"""The load generator: so many connections, each carrying out a script one request after the other, over one event loop.

A script is a generator that yields a request as bytes and is sent the answer; it may follow a link out of it, and checks it.
"""

import asyncio
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import httptools
import uvloop


@dataclass(frozen=True, slots=True)
class Answer:
    """Names of headers are in small letters."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


Script = Generator[bytes, Answer, None]


class WrongAnswer(Exception):
    """A subject did not give what the case is about; its rate would mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What came of it. `cpu_seconds` has an entry a meter, and `generator` for this process itself."""

    seconds: float
    latencies: Sequence[float]
    companies: int
    cpu_seconds: Mapping[str, float]

    @property
    def requests(self) -> int:
        return len(self.latencies)

    def percentile(self, share: float) -> float:
        """Seconds within which this share of the requests was answered."""
        return sorted(self.latencies)[min(int(len(self.latencies) * share), len(self.latencies) - 1)]


def run(port: int, scripts: Sequence[Script], *, seconds: float, prelude: int, meters: Mapping[str, Callable[[], float]]) -> Load:
    """Each script's first `prelude` requests are not counted. Ends after so many seconds, or as soon as one script has no more."""
    return uvloop.run(_run(port, scripts, seconds=seconds, prelude=prelude, meters=meters))


async def _run(port: int, scripts: Sequence[Script], *, seconds: float, prelude: int, meters: Mapping[str, Callable[[], float]]) -> Load:
    loop, window = asyncio.get_running_loop(), _Window()
    connections = [(await loop.create_connection(partial(_Connection, script, window), "127.0.0.1", port))[1] for script in scripts]
    try:
        await asyncio.gather(*(connection.carry_out(prelude) for connection in connections))
        meters = {**meters, "generator": time.process_time}
        before = {name: meter() for name, meter in meters.items()}
        window.open(seconds)
        started = time.perf_counter()
        await asyncio.gather(*(connection.carry_out(None) for connection in connections))
        took = time.perf_counter() - started
        after = {name: meter() for name, meter in meters.items()}
    finally:
        for connection in connections:
            connection.close()
    if not window.latencies:
        raise WrongAnswer("A script ended within its prelude: the feed is too small for this case.")
    return Load(
        seconds=took,
        latencies=window.latencies,
        companies=window.companies,
        cpu_seconds={name: after[name] - before[name] for name in meters},
    )


@dataclass(slots=True)
class _Window:
    """The time during which answers count, once it is open."""

    latencies: list[float] = field(default_factory=list)
    companies: int = 0
    ends_at: float = 0.0

    def open(self, seconds: float) -> None:
        self.latencies.clear()
        self.companies = 0
        self.ends_at = time.perf_counter() + seconds


class _Connection(asyncio.Protocol):
    """One connection and its script. The names that begin with `on_` are the parser's."""

    def __init__(self, script: Script, window: _Window) -> None:
        self._script, self._window = script, window
        self._parser = httptools.HttpResponseParser(self)
        self._request: bytes | None = next(script)
        self._left: int | None = 0
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []

    async def carry_out(self, requests: int | None) -> None:
        """So many requests of the script; None: until the window closes."""
        self._done = asyncio.get_running_loop().create_future()
        self._left = requests
        self._go_on()
        await self._done

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or WrongAnswer("The connection was closed before the answer was complete."))

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except Exception as error:  # noqa: BLE001  # the script's or the parser's: whoever waits is told
            cause = error.__context__ if isinstance(error, httptools.HttpParserCallbackError) else None
            if not self._done.done():
                self._done.set_exception(cause or error)

    def on_message_begin(self) -> None:
        self._headers, self._body = {}, []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._window.latencies.append(time.perf_counter() - self._sent_at)
        answer = Answer(self._parser.get_status_code(), self._headers, b"".join(self._body))
        self._window.companies += companies_in(answer)
        try:
            self._request = self._script.send(answer)
        except StopIteration:
            self._request, self._window.ends_at = None, 0.0
        self._go_on()

    def close(self) -> None:
        self._transport.close()

    def _go_on(self) -> None:
        is_over = time.perf_counter() >= self._window.ends_at if self._left is None else self._left == 0
        if is_over or self._request is None:
            self._done.set_result(None)
            return
        if self._left is not None:
            self._left -= 1
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)


def companies_in(answer: Answer) -> int:
    """How many companies a page holds: each has its time, nobody else has one."""
    return answer.body.count(b'"delivered_at"')
