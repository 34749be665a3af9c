"""The intervals of a feed that this process has served to one consumer, merged up to where they are complete. No clock, no storage."""

from collections.abc import Iterator
from datetime import UTC, datetime

BEGINNING = datetime.min.replace(tzinfo=UTC)
# Nobody reads in so many places at once; what is let go of is confirmed later.
_MOST_APART = 50

Interval = tuple[datetime | None, datetime]
"""All that was delivered after the first time, or from the beginning where there is none, and up to the second."""


class ServedIntervals:
    """Everything up to `whole`, and the stretches beyond it that are not written yet."""

    def __init__(self) -> None:
        self.whole = BEGINNING
        self._unwritten: dict[datetime, datetime] = {}

    def add(self, since: datetime, until: datetime) -> bool:
        """Take in what was given out; whether any of that is news."""
        if since <= self.whole:
            if until <= self.whole:
                return False
            since = BEGINNING  # all before it was given as well
        return since < until and self._keep(since, until)

    def learn(self, whole: datetime | None) -> None:
        """Up to where the database has it that everything was given. Its word counts: it knows of others, and may have lost what it had."""
        self.whole = whole or BEGINNING
        self._grow()

    def recall(self) -> bool:
        """Have everything up to `whole` written once more; whether there is any."""
        return self._keep(BEGINNING, self.whole)

    @property
    def unwritten(self) -> list[Interval]:
        return [(None if since == BEGINNING else since, until) for since, until in self._unwritten.items()]

    def take(self) -> list[Interval]:
        """What is to be written now."""
        taken, self._unwritten = self.unwritten, {}
        return taken

    def put_back(self, stretches: list[Interval]) -> None:
        """It could not be written."""
        for since, until in stretches:
            self._keep(since or BEGINNING, until)

    def _keep(self, since: datetime, until: datetime) -> bool:
        start = next((start for start, end in self._unwritten.items() if start <= since <= end), since)
        if until <= self._unwritten.get(start, BEGINNING):
            return False
        self._unwritten[start] = until
        self._grow()
        if len(self._unwritten) > _MOST_APART:
            # Not the furthest: whom it held, this consumer has received.
            del self._unwritten[min(self._unwritten, key=lambda start: self._unwritten[start])]
        return True

    def _grow(self) -> None:
        while furthest := max(self._connected(), default=None):
            self.whole = furthest

    def _connected(self) -> Iterator[datetime]:
        return (until for since, until in self._unwritten.items() if since <= self.whole < until)
