"""Translates this process's monotonic time into database time, which orders receipts across machines whose clocks differ."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4, uuid5

from openprospect.server.db.pool import Database
from openprospect.server.feed import store

# Goes on while the machine is suspended. Elsewhere than on Linux the other does, too; there, it stands still.
_SECONDS = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """What the database's clock said between two moments of this process."""

    said: datetime
    before: float
    after: float

    def earliest(self, moment: float) -> datetime:
        """It was not before this."""
        return self.said - timedelta(seconds=self.after - moment)

    def latest(self, moment: float) -> datetime:
        """It was not after this."""
        return self.said - timedelta(seconds=self.before - moment)


def _machine() -> UUID:
    """Whose processes count seconds from one moment: its start. Where that has no name, each process is a machine of its own."""
    try:
        start = UUID(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        # The name says which seconds, too: a version before this one left out those of being suspended.
        return uuid5(start, "seconds since then, suspended or not")
    except (OSError, ValueError):
        return uuid4()


class Clock:
    """Counts the seconds of a machine, which nobody sets, and asks the database what time that is."""

    def __init__(self) -> None:
        self.machine = _machine()

    def now(self) -> float:
        return time.clock_gettime(_SECONDS)

    def of(self, at: datetime) -> float:
        """When that was by this machine's calendar: no later than now, even where that has been set back since."""
        return self.now() - max(0.0, (datetime.now(UTC) - at).total_seconds())

    def calendar(self, moment: float) -> datetime:
        """By this machine's calendar: for those who come after this process."""
        return datetime.now(UTC) - timedelta(seconds=self.now() - moment)

    async def read(self, database: Database) -> ClockReading:
        async with database.transaction() as db:  # waiting for a connection would blur it
            before = self.now()
            said = await store.clock(db)
            return ClockReading(said=said, before=before, after=self.now())
