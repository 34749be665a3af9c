"""Heads that leave with their bodies: nothing is lost, nothing changes places, nothing waits for long."""

import asyncio
from collections.abc import Iterable
from typing import cast

import pytest

from openprospect.server.http.head_with_body import HeadWithBody

HEAD, BODY = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n", b"body"


class Wire:
    """A transport that keeps what it is given, each system call apart."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.sent.append(data)

    def writelines(self, several: Iterable[bytes]) -> None:
        self.write(b"".join(several))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def joined(wire: Wire) -> HeadWithBody:
    return HeadWithBody(cast("asyncio.Transport", wire), asyncio.get_running_loop())


async def test_a_head_leaves_with_its_body(wire: Wire, joined: HeadWithBody) -> None:
    joined.write(HEAD)
    joined.write(BODY)
    await asyncio.sleep(0)
    assert wire.sent == [HEAD + BODY]


async def test_a_head_without_a_body_leaves_as_soon_as_that_is_known(wire: Wire, joined: HeadWithBody) -> None:
    joined.write(HEAD)
    joined.write(b"")
    assert wire.sent == [HEAD]


async def test_a_head_whose_body_takes_its_time_does_not_wait_for_it(wire: Wire, joined: HeadWithBody) -> None:
    joined.write(HEAD)
    await asyncio.sleep(0)
    assert wire.sent == [HEAD]
    joined.write(BODY)
    joined.write(memoryview(BODY))
    assert wire.sent == [HEAD, BODY, BODY]


async def test_a_head_leaves_before_the_connection_is_closed(wire: Wire, joined: HeadWithBody) -> None:
    joined.write(HEAD)
    joined.close()
    assert (wire.sent, wire.closed) == ([HEAD], True)


async def test_a_head_for_somebody_who_is_gone_is_let_go(wire: Wire, joined: HeadWithBody) -> None:
    joined.write(HEAD)
    wire.close()
    await asyncio.sleep(0)
    assert wire.sent == []
