"""One DuckDB file held open, and how it is written anew without the bytes of whoever is gone. What is in it stands in `duckdb.py`."""

import os
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from openprospect.sync.destinations.database import quoted
from openprospect.sync.destinations.duckdb_errors import translated
from openprospect.sync.errors import Busy, DestinationRefused

# Enough for a batch; more would only be cache, and a sync should not grow with its feed.
_MEMORY_LIMIT = "128MB"
# Each checkpoint rewrites more of a table the larger it is: with DuckDB's own 16 MB, 400,000 companies take a sixth longer.
_LOG_SIZE = "256MB"
# Our tables have no index but one over a row a search.
_HAS_INDEXES = """
SELECT EXISTS (FROM duckdb_indexes()) OR EXISTS (
  FROM duckdb_constraints() WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND NOT starts_with(table_name, 'openprospect_sync_')
)
"""
# Somebody who opened the file that was just put into place may be done with it in a moment.
_REOPENING_SECONDS = 3.0


class DuckFile:
    """While it is open for writing it has a folder beside it that its owner alone may look into: for the copy, and for what memory is
    too small for.
    """

    def __init__(self, path: Path, *, read_only: bool, memory_limit: str = _MEMORY_LIMIT) -> None:
        self._path = path.resolve()
        self._private = self._path.with_name(f"{self._path.name}.openprospect")
        self._read_only = read_only
        self._memory_limit = memory_limit
        self._connection: duckdb.DuckDBPyConnection | None = self._connected()

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """Another one once the file was written anew. Raises `Busy` where somebody else came before us."""
        patience = time.monotonic() + _REOPENING_SECONDS
        while self._connection is None:
            try:
                self._connection = self._connected()
            except Busy:
                if time.monotonic() > patience:
                    raise
                time.sleep(0.05)
        return self._connection

    def rewrite(self, *, without: str) -> None:
        """Into the file's place one with the same live rows, but for one table. A kill leaves the one or the other."""
        self.connection.execute("CHECKPOINT")  # No log may outlive the file that it belongs to.
        with TemporaryDirectory(dir=self._private) as folder:
            fresh = Path(folder) / "fresh"
            self._copy_to(fresh, without)
            _hand_over(self._path, fresh)
            self._exchange(fresh)

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        if not self._read_only:
            shutil.rmtree(self._private, ignore_errors=True)

    def _connected(self) -> duckdb.DuckDBPyConnection:
        if self._read_only:
            return _connected(self._path, {"memory_limit": self._memory_limit}, read_only=True)
        settings = {"temp_directory": str(self._private / "spilled"), "checkpoint_threshold": _LOG_SIZE}
        connection = _connected(self._path, settings, read_only=False)
        try:
            with translated(str(self._path)):
                if self._private.exists():  # since a run was killed: another one would have kept us from opening the file
                    shutil.rmtree(self._private)
                self._private.mkdir(mode=0o700)  # There before the limit, which a log that another program left may exceed at once.
                if connection.execute(_HAS_INDEXES).fetchall() == [(False,)]:  # An index has to be in memory as a whole.
                    connection.execute(f"SET memory_limit = '{self._memory_limit}'")
        except BaseException:
            connection.close()
            raise
        return connection

    def _copy_to(self, fresh: Path, without: str) -> None:
        """With everything that anybody has put into the file, and in its format, which other programs may be too old to have another of."""
        [(name, version)] = self.connection.execute(
            "SELECT database_name, tags['storage_version'] FROM duckdb_databases() WHERE path = ?", [str(self._path)]
        ).fetchall()
        copy, oldest = quoted(f"{name} anew"), version.split()[0].rstrip("+")
        place = str(fresh).replace("'", "''")
        self.connection.execute(f"ATTACH '{place}' AS {copy} (STORAGE_VERSION '{oldest}')")
        try:
            self.connection.execute(f"COPY FROM DATABASE {quoted(name)} TO {copy}")
            self.connection.execute(f"DROP TABLE {copy}.{without}")
        finally:
            self.connection.execute(f"DETACH {copy}")

    def _exchange(self, fresh: Path) -> None:
        """The old file is locked until the new one is in its place: nobody writes into what is about to vanish."""
        if sys.platform == "win32":
            self.connection.close()  # What is open cannot be replaced there.
        fresh.replace(self._path)
        self.connection.close()
        self._connection = None


def _connected(path: Path, settings: dict[str, str], *, read_only: bool) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(path, read_only=read_only, config={**settings})
    except duckdb.Error as error:
        if "Could not set lock on file" in str(error):
            raise Busy(f"{path} is open in another process: {error}") from error
        raise DestinationRefused(f"{path} cannot be used as a DuckDB file: {error}") from error


def _hand_over(before: Path, fresh: Path) -> None:
    """The same people may read it. A run that is not the owner's own, nor root's, cannot give it back, but keeps the group where it may."""
    found = before.stat()
    if sys.platform != "win32":
        for owner in (found.st_uid, -1):
            with suppress(PermissionError):
                os.chown(fresh, owner, found.st_gid)
    shutil.copystat(before, fresh)  # and with it, where the system has them, access lists
    os.utime(fresh)
