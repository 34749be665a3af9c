"""A deadline that is kept even where the work is slow to notice that it was cancelled: the caller does not wait for that."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from openprospect.server.core.errors import Unavailable

T = TypeVar("T")

# The event loop holds tasks by weak references alone: without this, one that nobody waits for could be collected while it runs.
_given_up: set["asyncio.Task[Any]"] = set()


async def by_deadline(work: Coroutine[Any, Any, T], *, seconds: float, message: str) -> T:
    """What the work gives. What is not done in time is cancelled and left to end by itself: then this raises Unavailable at once."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
            _given_up.add(task)
            task.add_done_callback(_forget)
    if not task.done():
        raise Unavailable(message)
    return task.result()


def _forget(task: "asyncio.Task[Any]") -> None:
    _given_up.discard(task)
    if not task.cancelled():
        task.exception()  # whatever came of it, it has been told
