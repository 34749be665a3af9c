"""How many endpoints are served at once: the quick ones have room of their own, which those that dawdle have to leave. No I/O."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum


class Lane(StrEnum):
    QUICK = "quick"
    SLOW = "slow"


class Lanes:
    """Counts who is under way. An endpoint that failed last time goes in the slow lane, one that keeps us waiting moves there."""

    def __init__(self, *, quick: int = 100, slow: int = 400, seconds_in_quick_lane: float = 1.0) -> None:
        self._free = {Lane.QUICK: quick, Lane.SLOW: slow}
        self._seconds = seconds_in_quick_lane

    def free(self, lane: Lane) -> int:
        return self._free[lane]

    def enter(self, lane: Lane) -> "Passage":
        self._free[lane] -= 1
        return Passage(self, lane, self._seconds)

    def move(self, *, leave: Lane, enter: Lane | None) -> None:
        self._free[leave] += 1
        if enter is not None:
            self._free[enter] -= 1


class Passage:
    """One endpoint's stay in the lanes."""

    def __init__(self, lanes: Lanes, lane: Lane, seconds: float) -> None:
        self._lanes = lanes
        self._lane = lane
        self._seconds = seconds

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While an answer is awaited; after a second of it the endpoint moves over, where there is room."""
        timer = asyncio.get_running_loop().call_later(self._seconds, self._move_over)
        try:
            yield
        finally:
            timer.cancel()

    def leave(self) -> None:
        self._lanes.move(leave=self._lane, enter=None)

    def _move_over(self) -> None:
        if self._lane is Lane.QUICK and self._lanes.free(Lane.SLOW) > 0:
            self._lanes.move(leave=Lane.QUICK, enter=Lane.SLOW)
            self._lane = Lane.SLOW
