"""Work that is done again and again: it ends with the block, whatever it is in the middle of."""

import asyncio
from contextlib import suppress

from openprospect.server.core.background import every
from openprospect.server.core.errors import Unavailable


async def test_work_that_fails_in_the_instant_it_is_cancelled_ends_too():
    begun = asyncio.Event()

    async def work():
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        raise Unavailable("The database cannot be reached just now.")

    async with asyncio.timeout(5), every(60, work, name="work"):
        await begun.wait()
