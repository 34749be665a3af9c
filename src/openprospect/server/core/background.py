"""Background tasks: run periodically. A failure is logged once, not on every run."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from openprospect.server.core.errors import Unavailable

Work = Callable[[], Awaitable[object]]

logger = logging.getLogger(__name__)

# However often the work is wanted, a database that is away or has no connection left is not asked more often.
_AFTER_FAILURE_SECONDS = 1.0


@asynccontextmanager
async def every(seconds: float, work: Work, *, name: str) -> AsyncIterator[None]:
    """Run the work periodically while the block runs; what fails is tried again at the next run."""
    task = asyncio.create_task(_again_and_again(seconds, work, name=name))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def attempt(work: Work, *, name: str) -> None:
    """Do something once; a failure is logged, by its kind alone."""
    failure = await _failure_of(work)
    if failure:
        _tell(failure, name=name)


async def _again_and_again(seconds: float, work: Work, *, name: str) -> None:
    known: str | None = None
    task = asyncio.current_task()
    while True:
        failure = await _failure_of(work)
        if task and task.cancelling():
            return  # what the driver is told in the same instant, as that the database is away, it tells instead of the cancellation
        said, known = known, str(failure) if failure else None
        if failure and known != said:
            _tell(failure, name=name)
        elif said and not failure:
            logger.info("%s: at work again", name)
        await asyncio.sleep(max(seconds, _AFTER_FAILURE_SECONDS) if failure else seconds)


async def _failure_of(work: Work) -> Exception | None:
    try:
        await work()
    except Unavailable as error:
        return error
    except Exception as error:  # noqa: BLE001  # one failed run must not end all later ones
        return Unforeseen(type(error).__name__)
    return None


class Unforeseen(Exception):
    """A fault by its kind: what it says may quote somebody's data."""


def _tell(failure: Exception, *, name: str) -> None:
    if isinstance(failure, Unforeseen):
        logger.error("%s: a background turn failed: %s", name, failure)
    else:
        logger.warning("%s: %s", name, failure)
