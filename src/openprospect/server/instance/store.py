"""Which service this is, and what it has noted about itself in the database: one row, there once the database may be served."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.pool import Connection, Database, Executor, Row
from openprospect.server.db.queries import beside

SQL = beside(__file__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMark:
    """How far a log was read: so many bytes, and a hash of the last of them, which tells that they are still the same."""

    size_bytes: int
    end_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLog:
    """The erasure log as the database knows it: without a hash, one of an earlier version that was not met since."""

    first_line_hash: bytes | None
    place: Path | None
    is_needed: bool
    """Whether anybody was ever erased or kept out: then there has to be something in it."""
    mark: LogMark | None
    """Up to where the database is known to be in step with it."""


async def instance(database: Database) -> str:
    """Which service this is, whatever its address. Raises Misconfigured where it may not be served yet."""
    if not await has_schema(database):
        raise Misconfigured("The database has no tables yet. Run `openprospect migrate`.")
    found = await database.value(SQL.instance)
    if found is None:
        raise Misconfigured("The restore of this database was not finished. Run `openprospect restore` again before anything else.")
    return str(found)


async def has_schema(database: Database) -> bool:
    """Whether this is a database of ours, be it half restored."""
    return bool(await database.value(SQL.has_schema))


async def place_of_journals(database: Database, instance: str) -> Path:
    """A folder that all processes of this service on this machine know, and no other service."""
    return Path(tempfile.gettempdir()) / f"openprospect-{instance}-{await database.value(SQL.database_number)}"


async def known_log(db: Executor) -> KnownLog | None:
    """None where there has never been one."""
    row = await db.row(SQL.erasure_log)
    return _known_log(row) if row else None


async def hold_erasure_log(db: Connection) -> KnownLog:
    """The same, known to nobody else until the transaction ends: whoever writes to it has ended, and the next waits."""
    row = await db.row(SQL.hold_erasure_log)
    assert row
    return _known_log(row)


async def held_erasure_log(db: Connection) -> bytes | None:
    """The first line's hash, for whoever writes to the log: no other takes its place until the transaction ends."""
    first_line_hash: bytes | None = await db.value(SQL.held_erasure_log)
    return first_line_hash


async def follow_erasure_log(db: Executor, first_line_hash: bytes, place: Path | None, *, after: bytes | None) -> None:
    """Note the log that goes on after another, or is elsewhere now, or the first; changes nothing where another was noted meanwhile."""
    await db.execute(SQL.follow_erasure_log, first_line_hash, place and str(place), after)


async def note_erasure_log(db: Executor, first_line_hash: bytes, place: Path | None) -> None:
    """Let every command on this database write to the same file, wherever it is run; without a place, to the one beside the data folder."""
    await db.execute(SQL.note_erasure_log, first_line_hash, place and str(place))


async def forget_erasure_log(db: Executor) -> None:
    """The next one that is met counts as the first."""
    await db.execute(SQL.forget_erasure_log)


async def note_log_read(db: Executor, mark: LogMark, *, known_by: bytes | None, before: LogMark | None) -> None:
    """Note how far a log was read; changes nothing where another log is in use by now, or none is known, or somebody else has noted it."""
    previous = (before.size_bytes, before.end_hash) if before else (None, None)
    await db.execute(SQL.note_log_read, mark.size_bytes, mark.end_hash, known_by, *previous)


async def forget_log_read(db: Executor) -> None:
    """The log is read from its beginning next."""
    await db.execute(SQL.forget_log_read)


def _known_log(row: Row) -> KnownLog:
    place = Path(row["place"]) if row["place"] else None
    mark = LogMark(size_bytes=row["read_bytes"], end_hash=row["read_hash"]) if row["read_hash"] else None
    return KnownLog(first_line_hash=row["first_line_hash"], place=place, is_needed=row["is_needed"], mark=mark)
