"""Walks as the rules have them: which one a page at an offset belongs to, and when that cannot be told."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.integration.feed_model import Entry

_TURNS = itertools.count()


@dataclass
class Walk:
    """A snapshot, where in it the service expects to go on, which page it gave out last and up to where, and when it began and moved.

    A page that nothing comes after has no end.
    """

    snapshot: list[Entry]
    number: int
    watermark: str
    expects: int | None = 0
    page: int = 0
    end: int | None = 0
    reached: int = 0
    begun: int = field(default_factory=lambda: next(_TURNS))
    moved: int = field(default_factory=lambda: next(_TURNS))
    told: int | None = None

    def step(self, offset: int, reached: int, *, has_more: bool) -> None:
        """A page at this offset was given out. What a walk begins with is no step, and neither is the same page once more."""
        end = reached if has_more else None
        if offset and (self.page, self.end) != (offset, end):
            self.moved = next(_TURNS)
        self.expects = end if self.reached < len(self.snapshot) else None
        self.page, self.end, self.reached = offset, end, max(self.reached, reached)

    def tell(self) -> None:
        """Its consumer was told that it cannot be told from another."""
        self.told = next(_TURNS)


def chosen(walks: Sequence[Walk], offset: int) -> Walk:
    """Of one consumer's, the oldest first: the newest that expects the offset, else that has been there, else the newest."""
    newest_first = walks[::-1]
    expecting = [walk for walk in newest_first if walk.expects == offset]
    been_there = [walk for walk in newest_first if walk.reached >= offset and _can_mean(walk, walks[-1], offset)]
    return [*expecting, *been_there, *newest_first][0]


def is_contested(answering: Walk, walks: Sequence[Walk], offset: int) -> bool:
    """Whether a newer run, which began since that one stands still, may mean this page too: it may ask again, or has not been there."""
    if answering.expects == offset:
        return any(_may_ask_again(walk, offset) and _has_passed(walk, answering) for walk in walks)
    return _has_passed(walks[-1], answering)


def _may_ask_again(walk: Walk, offset: int) -> bool:
    """For the page that it gave out last; on its way, for any that it has come to, since that may have been an early one that came late."""
    return walk.page == offset or (walk.page > 0 and walk.end is not None and walk.reached >= offset)


def _can_mean(walk: Walk, newest: Walk, offset: int) -> bool:
    """One that the newest has passed has its last page alone to ask for again, until its consumer was told."""
    is_settled = walk.told is not None and walk.told < newest.begun
    return not _has_passed(newest, walk) or (walk.page == offset and not is_settled)


def _has_passed(newer: Walk, older: Walk) -> bool:
    return newer.begun > older.moved and newer.watermark != older.watermark
