"""The one erasure log of a database: which file may be taken for it, what is written to it alone, and what a restore takes up."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Self

from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.pool import Connection
from openprospect.server.instance.store import KnownLog, forget_erasure_log, held_erasure_log, known_log, note_erasure_log
from openprospect.server.privacy.log import ErasureLog, Logged


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLogs:
    """The logs that a database is made whole with, each read to its end; it goes on with the first."""

    path: Path
    place: Path | None
    """Where commands are to look for the first; None where they find it by themselves."""
    first_line_hash: bytes
    stand_for: AbstractSet[bytes]
    entries: Sequence[Logged]

    @classmethod
    def of(cls, logs: Sequence[ErasureLog], *, place: Path | None) -> Self:
        """Raises Misconfigured at a line that is damaged."""
        first_line_hash = logs[0].first_line_hash()
        assert first_line_hash is not None
        return cls(
            path=logs[0].path,
            place=place,
            first_line_hash=first_line_hash,
            stand_for=set().union(*(log.stands_for() for log in logs)),
            entries=_in_order([list(log.entries()) for log in logs]),
        )


def _in_order(logs: Sequence[list[Logged]]) -> list[Logged]:
    """A log is in the order of what happened; of several, the clocks of those who wrote them have to tell."""
    if len(logs) == 1:
        return logs[0]
    return sorted((entry for log in logs for entry in log), key=attrgetter("at"))


def is_its_log(known: KnownLog, stand_for: AbstractSet[bytes]) -> bool:
    """Whether what stands for these is the log of the database; what an earlier version wrote to is known by its place alone."""
    return known.first_line_hash is None or known.first_line_hash in stand_for


async def write_down(db: Connection, log: ErasureLog, entry: Logged) -> None:
    """On the log's disk when this returns, and until the transaction ends no other takes the log's place.

    Raises Unavailable where it is not the database's log any more.
    """
    await log.add(entry, known_by=await held_erasure_log(db))


async def take_up(db: Connection, logs: ReadLogs | None) -> None:
    """Let a database that is made whole go on with the first of these logs; without any, with the next that is met.

    Raises Misconfigured where none of them is the one that the database had.
    """
    if logs is None:
        await forget_erasure_log(db)
        return
    known = await known_log(db)
    if known and not is_its_log(known, logs.stand_for):
        last = f", which was at {known.place} then" if known.place else ""
        raise Misconfigured(
            f"{logs.path} is not the erasure log that this database had{last}: whoever was erased since would come back. Run this again "
            "with the right one. Where that is lost, a restore goes on with --without-erasure-log, and a database recovered otherwise with "
            "`openprospect erasures begin-log`. What is in the database stays as it is."
        )
    await note_erasure_log(db, logs.first_line_hash, logs.place)
