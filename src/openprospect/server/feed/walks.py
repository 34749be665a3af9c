"""Walks: what makes plain offset pages exact. Which walk a request belongs to, and where its page begins: pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One run through a feed's pages, pinned to a watermark. `next_offset` is None once the last page was served."""

    id: int
    watermark: datetime
    total: int
    next_offset: int | None
    next_position: int | None
    page_offset: int
    page_position: int
    reached_offset: int
    begun_at: datetime
    is_expired: bool
    told_at: datetime | None

    def nearest_mark(self, offset: int) -> tuple[int, int]:
        """The closest known place at or before an offset: the position there, and how many companies to skip from it."""
        marks = [(0, 0), (self.page_offset, self.page_position)]
        if self.next_offset is not None and self.next_position is not None:
            marks.append((self.next_offset, self.next_position))
        known, position = max(mark for mark in marks if mark[0] <= offset)
        return position, offset - known


def choose(walks: Sequence[Walk], offset: int) -> Walk | None:
    """The walk that a page belongs to, of those of one consumer, newest first; an expired one means: say so. None: begin one.

    The newest that expects this offset; else, for a page asked for again, the newest that has been there; else the newest.
    """
    expecting = [walk for walk in walks if walk.next_offset == offset and not _is_settled(walk, walks[0])]
    if expecting:
        return expecting[0]
    living = [walk for walk in walks if not walk.is_expired]
    been_there = [walk for walk in living if walk.reached_offset >= offset]
    return next(iter([*been_there, *living, *walks]), None)


def _is_settled(walk: Walk, newest: Walk) -> bool:
    """Whether the consumer was told that this walk has expired, and began anew."""
    return walk.is_expired and walk.told_at is not None and walk.told_at <= newest.begun_at
