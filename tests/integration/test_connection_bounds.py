"""What one connection may leave open, and for how long, over real sockets; with less patience than the service has."""

import asyncio
import json
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from openprospect.server.http.connection import BoundedConnection, ClientTimeouts

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = b"x" * (8 << 20)


class Hasty(BoundedConnection):
    patience = ClientTimeouts(head_seconds=0.3, body_seconds=0.3, body_bytes_a_second=1000, unread_seconds=0.3, look_seconds=0.05)


async def echo(scope, receive, send):
    """Reads a body that a POST has, and answers its size; /large is a large answer, /late one that comes late, /deaf reads late."""
    if scope["path"] in {"/late", "/deaf"}:
        await asyncio.sleep(1)
    size, more = 0, scope["method"] == "POST"
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    body = LARGE if scope["path"] == "/large" else str(size).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body, "more_body": False})


@asynccontextmanager
async def serving(*, connections=100):
    """The port of a server in this loop."""
    options: dict[str, Any] = {"port": 0, "ws": "none", "lifespan": "off", "loop": "none", "log_config": None}
    config = uvicorn.Config(echo, http=Hasty, limit_concurrency=connections, **options)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve(None))
    while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def connected(port, *, limit=1 << 16):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=limit)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def whole(reader):
    """Status and body of the answer after which the connection was closed."""
    head, _, body = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
    return (int(head.split()[1]), body) if head else (None, b"")


async def answer(reader, writer, request=REQUEST):
    """Status and body of an answer on a connection that stays open."""
    writer.write(request)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    size = int(head.lower().partition(b"content-length: ")[2].split()[0])
    return int(head.split()[1]), await reader.readexactly(size)


async def dribble(writer, piece):
    """Bytes one after the other, until the other side has enough."""
    while not writer.transport.is_closing():
        writer.write(piece)
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(("begin", "piece"), [(b"", b""), (b"", b"\r\n"), (b"GET /", b"a")], ids=["silence", "empty lines", "letters"])
async def test_whoever_sends_no_whole_head_in_time_is_refused(begin, piece):
    async with serving() as port, connected(port) as (reader, writer):
        writer.write(begin)
        sending = asyncio.create_task(dribble(writer, piece))
        status, body = await whole(reader)
        sending.cancel()
        assert (status, json.loads(body)["code"]) == (408, "REQUEST_TIMEOUT")


async def test_a_head_that_comes_piece_by_piece_after_an_answer_has_its_time_too():
    async with serving() as port, connected(port) as (reader, writer):
        assert await answer(reader, writer) == (200, b"0")
        sending = asyncio.create_task(dribble(writer, b"\r\n"))
        status, _ = await whole(reader)
        sending.cancel()
        assert status == 408


async def test_whoever_dribbles_a_body_is_refused():
    async with serving() as port, connected(port) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        sending = asyncio.create_task(dribble(writer, b"x"))
        status, _ = await whole(reader)
        sending.cancel()
        assert status == 408


async def test_a_body_may_take_as_long_as_its_bytes_allow():
    async with serving() as port, connected(port) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1500\r\n\r\n")
        for _ in range(15):
            writer.write(b"x" * 100)
            await asyncio.sleep(0.05)
        assert await answer(reader, writer, b"") == (200, b"1500")


@pytest.mark.parametrize("path", [b"/late", b"/deaf"])
async def test_nobody_is_refused_for_the_slowness_of_the_service(path):
    async with serving() as port, connected(port) as (reader, writer):
        size = 300_000
        request = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (path, size)
        assert await answer(reader, writer, request + b"x" * size) == (200, b"300000")


async def test_an_answer_that_is_not_read_is_given_up():
    async with serving() as port, connected(port, limit=1024) as (reader, writer):
        writer.write(REQUEST.replace(b"/ ", b"/large ", 1))
        await asyncio.sleep(1)
        with pytest.raises(asyncio.IncompleteReadError):
            await asyncio.wait_for(reader.readexactly(len(LARGE)), 10)


@pytest.mark.parametrize(
    "headers",
    [b"".join(b"X-%d: y\r\n" % number for number in range(101)) + b"\r\n", b"X-Long: " + b"y" * (70 << 10)],
    ids=["too many", "too long"],
)
async def test_headers_are_bounded(headers):
    async with serving() as port, connected(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n" + headers)
        status, body = await whole(reader)
        assert (status, json.loads(body)["code"]) == (431, "HEADERS_TOO_LARGE")


async def test_what_is_no_http_is_told_so():
    async with serving() as port, connected(port) as (reader, writer):
        writer.write(b"hello\r\n\r\n")
        status, body = await whole(reader)
        assert (status, json.loads(body)["code"]) == (400, "VALIDATION_ERROR")


async def test_where_connections_are_many_the_one_that_was_quiet_longest_gives_way():
    async with serving(connections=3) as port, connected(port) as first, connected(port) as second, connected(port) as third:
        for connection in (first, second, third, first):
            assert await answer(*connection) == (200, b"0")
        async with connected(port) as newcomer:
            assert await answer(*newcomer) == (200, b"0")
            assert await second[0].read() == b""
            for connection in (first, third):
                assert await answer(*connection) == (200, b"0")


async def test_where_all_connections_are_busy_a_newcomer_is_told_to_come_back():
    async with serving(connections=1) as port, connected(port) as (reader, writer):
        writer.write(REQUEST.replace(b"/ ", b"/late ", 1))
        await asyncio.sleep(0.1)
        async with connected(port) as (refused, _):
            head, _, body = (await asyncio.wait_for(refused.read(), 10)).partition(b"\r\n\r\n")
            assert (int(head.split()[1]), json.loads(body)["code"]) == (503, "UNAVAILABLE")
            assert b"retry-after: " in head
        assert await answer(reader, writer, b"") == (200, b"0")
