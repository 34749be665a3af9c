"""Which file erasures are written down in, apart from the database: the same for the service and all commands."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from openprospect.cli.storage import Storage
from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.pool import Database
from openprospect.server.instance.store import note_erasure_log, place_of_erasure_log
from openprospect.server.privacy.log import ErasureLog, Logged

ErasureLogPaths = Annotated[list[Path] | None, Parameter(env_var="OPENPROSPECT_ERASURE_LOG", negative="", show_default=False)]
"""The logs of a database that is restored: of several machines, each its own."""

ErasureLogPath = Annotated[Path | None, Parameter(env_var="OPENPROSPECT_ERASURE_LOG", show_default=False)]
"""Where erasures are written down apart from the database: else where the service last had it, or beside the data folder."""


async def log_in_use(database: Database, named: Path | None, storage: Storage) -> ErasureLog:
    """The one named, else the one that was noted in the database, else the one beside the data folder."""
    noted = None if named else await place_of_erasure_log(database)
    if noted and not noted.exists():
        raise Misconfigured(
            f"The service writes its erasures to {noted}, and that file is not here. Run this on its machine, or name the file's place "
            "on this one in OPENPROSPECT_ERASURE_LOG."
        )
    return ErasureLog((named or noted or default_place(storage)).absolute())


async def log_for_serving(database: Database, named: Path | None, storage: Storage) -> ErasureLog:
    """The log in use, there from now on, known to be writable, and noted for every command."""
    log = await log_in_use(database, named, storage)
    try:
        os.close(os.open(log.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise Misconfigured(
            f"The erasure log {log.path} cannot be written ({error.strerror}), so nobody could be erased. Mend its permissions, or name "
            "another place in OPENPROSPECT_ERASURE_LOG."
        ) from None
    if not _is_found_without(named, storage):
        await note_erasure_log(database, log.path)
    return log


async def note_first_log(database: Database, log: ErasureLog, named: Path | None, storage: Storage) -> None:
    """Note the log that was just written to, where nobody has noted one."""
    if not _is_found_without(named, storage) and await place_of_erasure_log(database) is None:
        await note_erasure_log(database, log.path)


def _is_found_without(named: Path | None, storage: Storage) -> bool:
    """Whether every command finds the log by itself, as the one beside the data folder, which may be moved together with it."""
    return named is None and storage.database_url is None


def default_place(storage: Storage) -> Path:
    """Beside the data folder, not in it: so that it outlives the folder."""
    return storage.data_dir.absolute().parent / "openprospect-erasures.jsonl"


def logged_in(places: Iterable[Path], *, or_else: str) -> list[Logged]:
    """What the logs hold, a damaged line found before anything is changed. Raises Misconfigured where one of them is not there."""
    return [entry for place in places for entry in _logged(place, or_else)]


def _logged(place: Path, or_else: str) -> Iterator[Logged]:
    if not place.exists():
        raise Misconfigured(f"There is no erasure log at {place}: whoever was erased since the backup would come back. {or_else}")
    return ErasureLog(place).entries()
