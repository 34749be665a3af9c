"""Walks: what makes plain offset pages exact. How they begin; which one a page belongs to, the database's `walk_for` says."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from openprospect.server.searches.model import SearchId


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWalk:
    """One run through a feed's pages, pinned to a watermark: after its first page, which began at `page_position`."""

    search_id: SearchId
    consumer: str
    since: datetime | None
    watermark: datetime
    total: int
    next_offset: int
    next_position: int
    page_offset: int
    page_position: int


class Beginnings:
    """Writes the walks that begin while others are being written together: one statement, and one wait for the disk."""

    def __init__(self, write: Callable[[Mapping[NewWalk, int]], Awaitable[None]]) -> None:
        self._write = write
        self._waiting = Counter[NewWalk]()
        self._next: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def begin(self, walk: NewWalk) -> None:
        """Returns once the walk is durable."""
        self._waiting[walk] += 1
        if self._next is None:
            self._next = asyncio.create_task(self._write_waiting())
        # The others' walks are in it too: whoever goes away takes nobody along.
        await asyncio.shield(self._next)

    async def _write_waiting(self) -> None:
        async with self._turn:
            walks, self._waiting, self._next = self._waiting, Counter(), None
            await self._write(walks)
