"""Which file erasures are written down in, apart from the database: one for a database, whichever machines it is used from."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from cyclopts import Parameter

from openprospect.cli.output import Json, answer
from openprospect.cli.storage import Storage, on_database
from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.pool import Database
from openprospect.server.instance.store import (
    KnownLog,
    follow_erasure_log,
    forget_log_read,
    hold_erasure_log,
    known_log,
    note_erasure_log,
)
from openprospect.server.privacy.log import Beginning, ErasureLog
from openprospect.server.privacy.one_log import ReadLogs, is_its_log
from openprospect.server.privacy.rebuild_log import what_is_known

T = TypeVar("T")

_VARIABLE = "OPENPROSPECT_ERASURE_LOG"


def _as_one(_: object, value: str, **_delimiter: str) -> list[str]:
    """A path may have a colon in it."""
    return [value]


ErasureLogPaths = Annotated[list[Path] | None, Parameter(env_var=_VARIABLE, env_var_split=_as_one, negative="", show_default=False)]
"""The logs that a database is restored with. The environment names one."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, repr=False)
class LoggedStorage(Storage):
    """Where the service keeps its data, and writes down its erasures apart from it."""

    erasure_log: Annotated[Path | None, Parameter(env_var=_VARIABLE, show_default=False)] = None
    """The file apart from the database in which erasures are written down: else where it was last, or beside the data folder."""

    def log(self, known: KnownLog | None) -> ErasureLog:
        """The one named, else the one that was noted in the database, else the one beside the data folder."""
        return ErasureLog((self.erasure_log or (known and known.place) or default_place(self)).absolute())


DEFAULT_LOGGED_STORAGE = LoggedStorage()


async def log_in_use(database: Database, storage: LoggedStorage) -> ErasureLog:
    """The log of this database, or one that was begun in its place; begun where there has never been one.

    Raises Misconfigured where it is lost, or another file is in its place.
    """
    known = await known_log(database)
    log = storage.log(known)
    if known is None or not (known.first_line_hash or known.is_needed):
        log.begin()
    first_line_hash = log.first_line_hash()
    former = known.first_line_hash if known else None
    if first_line_hash is not None and first_line_hash != former and _may_follow(known, log):
        await follow_erasure_log(database, first_line_hash, place_to_note(log.path, storage), after=former)
        known = await known_log(database)
    if known is None or first_line_hash is None or first_line_hash != known.first_line_hash:
        raise Misconfigured(_lost(log, known, is_there=first_line_hash is not None))
    return log


async def log_for_serving(database: Database, storage: LoggedStorage) -> ErasureLog:
    """The log in use, known to be writable, its present place noted for every command."""
    log = await log_in_use(database, storage)
    first_line_hash = log.begin()
    await follow_erasure_log(database, first_line_hash, place_to_note(log.path, storage), after=first_line_hash)
    return log


def on_begun_database(storage: LoggedStorage, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run a command that may begin a database; an embedded one has its log from then on, so that no restore has to do without."""

    async def with_log(database: Database) -> T:
        await begin_beside_data_folder(database, storage)
        return await work(database)

    return on_database(storage, with_log, may_begin=True)


async def begin_beside_data_folder(database: Database, storage: LoggedStorage) -> None:
    """Where this database has never had a log, and may have it on this machine: one that is named by URL is served from elsewhere."""
    if storage.database_url is None and await known_log(database) is None:
        await log_in_use(database, storage)


def begin_log(*, storage: LoggedStorage = DEFAULT_LOGGED_STORAGE, json: Json = False) -> None:
    """Go on with another erasure log, where the former is lost for good; what the database still knows is written into it."""

    log, count = on_database(storage, lambda database: begin_another(database, storage))
    answer({"erasure_log": str(log.path), "entries": count}, json=json)


async def begin_another(database: Database, storage: LoggedStorage) -> tuple[ErasureLog, int]:
    """The log that the database goes on with, and how many entries were written into it.

    Whoever is writing to the former is waited for, and the next to write to it is refused: nothing is missing in the other.
    """
    async with database.transaction() as db:
        known = await hold_erasure_log(db)
        log = storage.log(known)
        first_line_hash = log.begin()
        entries = await what_is_known(db)
        lost = {known.first_line_hash} if known.first_line_hash else set()
        # Last what says that it is enough: whoever is killed before that has begun nothing yet.
        await log.add(*entries, Beginning.of(replaces=sorted(lost - log.stands_for())), known_by=first_line_hash)
        await note_erasure_log(db, first_line_hash, place_to_note(log.path, storage))
        await forget_log_read(db)
    return log, len(entries)


def default_place(storage: Storage) -> Path:
    """Beside the data folder, not in it: so that it outlives the folder."""
    return storage.data_dir.absolute().parent / "openprospect-erasures.jsonl"


def read_logs(places: Sequence[Path], storage: Storage, *, or_else: str) -> ReadLogs:
    """Raises Misconfigured where one of them is not there, or is none."""
    logs = [ErasureLog(place.absolute()) for place in places]
    for log in logs:
        if log.first_line_hash() is None:
            what = "The erasure log is empty, which none ever is, at" if log.path.exists() else "There is no erasure log at"
            raise Misconfigured(f"{what} {log.path}: whoever was erased since the backup would come back. {or_else}")
    return ReadLogs.of(logs, place=place_to_note(logs[0].path, storage))


def place_to_note(path: Path, storage: Storage) -> Path | None:
    """None for the one beside the data folder, which every command finds by itself, and which may be moved together with it."""
    return None if storage.database_url is None and path == default_place(storage) else path


def _may_follow(known: KnownLog | None, log: ErasureLog) -> bool:
    """Whether this is the first, or was begun in place of the known one. What an earlier version wrote to is known by its place alone."""
    if known is None or known.first_line_hash is None:
        return known is None or known.place in {None, log.path}
    return is_its_log(known, log.stands_for())


def _lost(log: ErasureLog, known: KnownLog | None, *, is_there: bool) -> str:
    what = "is another file" if is_there else "is empty" if log.path.exists() else "is not there"
    was = f" It was last at {known.place}." if known and known.place and known.place != log.path else ""
    return (
        f"The erasures of this database are written to one log, and {log.path} {what}.{was} Bring it back, or mount its disk, or name in "
        f"{_VARIABLE} where it is on this machine; where it is lost for good, `openprospect erasures begin-log` begins another."
    )
