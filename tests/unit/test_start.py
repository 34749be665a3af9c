"""A start: it waits for nobody who is away, goes on trying, and leaves nothing open."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from openprospect.server.core import start as module
from openprospect.server.core.errors import Misconfigured, Unavailable
from openprospect.server.core.start import Start


class Parts:
    """What has to be opened; it fails as often as it is told to."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.log = []

    @asynccontextmanager
    async def opened(self):
        self.log.append("tried")
        if self.failures:
            raise self.failures.pop(0)
        self.log.append("opened")
        yield
        self.log.append("closed")


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.001)


async def until_started(start):
    async with asyncio.timeout(5):
        while True:
            try:
                return start.check()
            except (Unavailable, Misconfigured):
                await asyncio.sleep(0.001)


async def test_what_can_be_opened_is_open_when_the_block_begins_and_closed_after_it():
    parts = Parts()
    async with Start(parts.opened) as start:
        start.check()
        assert parts.log == ["tried", "opened"]
    assert parts.log == ["tried", "opened", "closed"]


@pytest.mark.parametrize("failure", [Unavailable("away"), Misconfigured("shut out")])
async def test_the_block_begins_without_what_is_away_and_tells_why_until_it_is_back(failure):
    parts = Parts(failure, failure)
    async with Start(parts.opened) as start:
        with pytest.raises(type(failure), match=str(failure)):
            start.check()
        await until_started(start)
    assert parts.log == ["tried", "tried", "tried", "opened", "closed"]


async def test_what_nobody_foresaw_ends_the_start():
    with pytest.raises(ZeroDivisionError):
        async with Start(Parts(ZeroDivisionError()).opened):
            raise AssertionError


async def test_what_nobody_foresaw_later_is_told_by_its_kind_and_tried_again(caplog):
    parts = Parts(Unavailable("away"), ZeroDivisionError("somebody's data"))
    async with Start(parts.opened) as start:
        await until_started(start)
    assert "ZeroDivisionError" in caplog.text
    assert "somebody" not in caplog.text


async def test_whoever_leaves_meanwhile_waits_for_nothing():
    parts = Parts(*(Unavailable("away") for _ in range(10_000)))
    async with asyncio.timeout(5), Start(parts.opened):
        pass
    assert "opened" not in parts.log


async def test_whoever_leaves_waits_no_longer_where_opening_fails_in_the_instant_it_is_cancelled(monkeypatch):
    monkeypatch.setattr(module, "_FIRST_TRY_SECONDS", 0.001)

    @asynccontextmanager
    async def opened():
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        raise Unavailable("away")
        yield

    async with asyncio.timeout(5), Start(opened):
        pass
