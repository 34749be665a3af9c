"""The start of a process whose needs may be out of reach: tried in the background until they are there, so that no outage ends a start."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import Self

from openprospect.server.core.errors import OpenProspectError, Unavailable

logger = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0
# A server that hangs keeps nobody from being told so for longer.
_FIRST_TRY_SECONDS = 5.0


class Start:
    """`async with Start(parts)`: within the block `parts` are open, or are tried to be opened again and again.

    The block begins once they are open, or could not be opened for the first time; what then goes wrong unforeseen is raised.
    """

    def __init__(self, parts: Callable[[], AbstractAsyncContextManager[object]]) -> None:
        self._parts = parts
        self._hindrance: OpenProspectError | None = Unavailable("The service is starting; try again in a few seconds.")
        self._was_tried = asyncio.Event()
        self._has_begun = False
        self._is_leaving = asyncio.Event()

    def check(self) -> None:
        """Raises what the parts could not be opened for, as long as they are not open."""
        if self._hindrance is not None:
            raise self._hindrance.with_traceback(None)  # the same one for many, each of whom would add to its traceback

    async def __aenter__(self) -> Self:
        self._holding = asyncio.create_task(self._hold())
        tried = asyncio.create_task(self._was_tried.wait())
        await asyncio.wait({self._holding, tried}, timeout=_FIRST_TRY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        tried.cancel()
        self._has_begun = True
        if self._holding.done():
            self._holding.result()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._is_leaving.set()
        if self._hindrance is not None:
            self._holding.cancel()
        await asyncio.wait({self._holding})
        if not self._holding.cancelled():
            self._holding.result()

    async def _hold(self) -> None:
        """One task for all of it: what a task has opened, it has to close."""
        while not self._is_leaving.is_set():  # a cancellation alone may be swallowed: what fails in the same instant is told instead
            async with AsyncExitStack() as opened:
                try:
                    await opened.enter_async_context(self._parts())
                except OpenProspectError as error:
                    self._miss(error)
                except Exception as error:
                    if not self._has_begun:
                        raise
                    self._miss(Unavailable(f"The service cannot start ({type(error).__name__}); try again in a few seconds."))
                else:
                    self._meet()
                    await self._is_leaving.wait()
                    return
            await asyncio.sleep(_RETRY_SECONDS)

    def _miss(self, error: OpenProspectError) -> None:
        if not self._was_tried.is_set() or str(error) != str(self._hindrance):
            logger.warning("start: %s", error)
        self._hindrance = error
        self._was_tried.set()

    def _meet(self) -> None:
        if self._was_tried.is_set():
            logger.info("start: at work again")
        self._hindrance = None
        self._was_tried.set()
