"""A deadline: what is in time is given, and nobody waits longer, not even for work that will not end."""

import asyncio

import pytest

from openprospect.server.core.deadline import by_deadline
from openprospect.server.core.errors import NotFound, Unavailable


async def test_what_is_done_in_time_is_given_and_so_is_its_error():
    async def fails():
        raise NotFound("nowhere")

    assert await by_deadline(asyncio.sleep(0, "done"), seconds=5, message="late") == "done"
    with pytest.raises(NotFound, match="nowhere"):
        await by_deadline(fails(), seconds=5, message="late")


async def test_work_that_will_not_end_keeps_nobody_waiting():
    is_over = asyncio.Event()

    async def stubborn():
        try:
            await asyncio.Event().wait()
        finally:
            await is_over.wait()
            raise ValueError("nobody asks any more")

    async with asyncio.timeout(5):
        with pytest.raises(Unavailable, match="late"):
            await by_deadline(stubborn(), seconds=0.01, message="late")
    is_over.set()


async def test_whoever_goes_away_takes_the_work_along():
    is_cancelled = asyncio.Event()

    async def work():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            is_cancelled.set()
            raise

    waiting = asyncio.create_task(by_deadline(work(), seconds=60, message="late"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    async with asyncio.timeout(5):
        await is_cancelled.wait()
