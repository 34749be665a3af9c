"""The feeds' watermarks as this process read them earlier: what was superseded up to an old one was committed by then, however slowly."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from openprospect.server.feed.lifetimes import WALK_BEGINS_WITHIN
from openprospect.server.searches.model import SearchId

_NONE: Mapping[SearchId, datetime] = {}


class PastWatermarks:
    """Looks at feeds now and then, of which the newest is remembered that is old enough."""

    def __init__(self, *, old_enough: timedelta = WALK_BEGINS_WITHIN, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = old_enough.total_seconds()
        self._clock = clock
        self._looks: deque[tuple[float, Mapping[SearchId, datetime]]] = deque()

    def note(self, watermarks: Mapping[SearchId, datetime]) -> None:
        """What was just read."""
        self._looks.append((self._clock(), watermarks))

    def long_ago(self) -> Mapping[SearchId, datetime]:
        """Where each feed stood by then; nothing where no look is old enough."""
        until = self._clock() - self._seconds
        while len(self._looks) > 1 and self._looks[1][0] <= until:
            self._looks.popleft()
        return self._looks[0][1] if self._looks and self._looks[0][0] <= until else _NONE
