"""DuckDB files: Arrow columns, merged inside one transaction."""

# ruff: noqa: S608 - statements are made of our own text and quoted names; values are always bound

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import msgspec
import pyarrow as pa

from openprospect.sync.destinations.arrow import TYPES
from openprospect.sync.destinations.base import Held
from openprospect.sync.destinations.columns import Column, Kind
from openprospect.sync.destinations.database import listed, quoted
from openprospect.sync.destinations.frames import Frame
from openprospect.sync.destinations.leftovers import Leftovers
from openprospect.sync.destinations.sql import SqlDestination, held_in_file, open_in_file
from openprospect.sync.errors import Busy, DestinationRefused, TryLater
from openprospect.sync.retry import Retry

# Enough for a batch; more would only be cache, and a sync should not grow with its feed.
_MEMORY_LIMIT = "128MB"


class DuckDatabase:
    types: ClassVar[Mapping[Kind, str]] = {
        Kind.BOOLEAN: "BOOLEAN",
        Kind.BIGINT: "BIGINT",
        Kind.DOUBLE: "DOUBLE",
        Kind.TEXT: "VARCHAR",
        Kind.JSON: "JSON",
    }
    moment_type = "TIMESTAMPTZ"
    has_indexes = False  # Merging into a table without keys is faster, and the key is guarded by the merge.
    is_among = "IN (SELECT unnest(from_json(?, '[\"VARCHAR\"]')))"
    way_out = "choose another file"

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.name = str(path)
        self._path = path.resolve()
        self._connection = _connected(self._path, read_only=read_only)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with _translated(self.name):
            self._connection.begin()
            try:
                yield
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.commit()

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, values).fetchall()

    def execute(self, statement: str, *values: object) -> int:
        counted = self._connection.execute(statement, values).fetchall()
        return int(counted[0][0]) if counted else 0

    def id_list(self, ids: list[str]) -> object:
        return msgspec.json.encode(ids).decode()  # One value: a list is bound element by element.

    def tables(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for table, column in self.query(
            "SELECT lower(table_name), lower(column_name) FROM information_schema.columns"
            " WHERE table_catalog = current_database() AND table_schema = current_schema()"
        ):
            found.setdefault(table, set()).add(column)
        return found

    def retype(self, table: str, old: Column, new: Column) -> None:  # noqa: ARG002 - the database knows the old type
        name = quoted(new.name)
        converted = f"to_json({name})" if new.kind is Kind.JSON else f"{name}::{self.types[new.kind]}"
        self.execute(f"ALTER TABLE {table} ALTER COLUMN {name} TYPE {self.types[new.kind]} USING {converted}")

    def upsert(self, table: str, frame: Frame) -> None:
        changes = ", ".join(f"{quoted(name)} = incoming.{quoted(name)}" for name in frame.columns)
        with self._incoming(frame):
            self._connection.execute(
                f"MERGE INTO {table} USING incoming ON {table}.prospect_search_id = incoming.prospect_search_id"
                f" AND {table}.id = incoming.id WHEN MATCHED THEN UPDATE SET {changes}"
                f" WHEN NOT MATCHED THEN INSERT ({listed(frame.columns)}) VALUES ({_incoming_columns(frame)})"
            )

    def append(self, table: str, frame: Frame) -> None:
        with self._incoming(frame):
            self._connection.execute(f"INSERT INTO {table} ({listed(frame.columns)}) SELECT {listed(frame.columns)} FROM incoming")

    def rewrite(self, emptied: str) -> None:
        """Into the file's place one with the same live rows, but for those of one table. A kill leaves the one or the other."""
        fresh = self._path.with_name(f"{self._path.name}.rewritten")
        with _translated(self.name):
            for left in (fresh, fresh.with_name(f"{fresh.name}.wal")):  # by a run that was killed
                left.unlink(missing_ok=True)
            self.execute("CHECKPOINT")  # No log may outlive the file that it belongs to.
            self._copy_to(fresh, emptied)
            _hand_over(self._path, fresh)
            self._connection.close()
            fresh.replace(self._path)
            self._connection = _connected(self._path, read_only=False)

    def _copy_to(self, fresh: Path, emptied: str) -> None:
        """With everything that anybody has put into the file, and in its format, which other programs may be too old to have another of."""
        [(name, version)] = self.query(
            "SELECT database_name, tags['storage_version'] FROM duckdb_databases() WHERE path = ?", str(self._path)
        )
        oldest = version.split()[0].rstrip("+")
        place = str(fresh).replace("'", "''")
        self.execute(f"ATTACH '{place}' AS openprospect_fresh (STORAGE_VERSION '{oldest}')")
        try:
            self.execute(f"COPY FROM DATABASE {quoted(name)} TO openprospect_fresh")
            self.execute(f"DELETE FROM openprospect_fresh.{emptied}")
        finally:
            self.execute("DETACH openprospect_fresh")

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _incoming(self, frame: Frame) -> Iterator[None]:
        self._connection.register("incoming", _arrow_table(frame))
        try:
            yield
        finally:
            self._connection.unregister("incoming")


def open_destination(url: str, _retry: Retry) -> SqlDestination:
    return open_in_file(
        url, lambda path: DuckDatabase(path, read_only=False), leftovers=lambda database: Leftovers(database, database.rewrite)
    )


def held_in(url: str) -> list[Held]:
    return held_in_file(url, lambda path: DuckDatabase(path, read_only=True))


def _hand_over(before: Path, fresh: Path) -> None:
    """The same people may read it. A run that is not the owner's own, nor root's, cannot give it back, but keeps the group where it may."""
    found = before.stat()
    if sys.platform != "win32":
        for owner in (found.st_uid, -1):
            with suppress(PermissionError):
                os.chown(fresh, owner, found.st_gid)
    shutil.copymode(before, fresh)


def _connected(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(path, read_only=read_only, config={"memory_limit": _MEMORY_LIMIT})
    except duckdb.Error as error:
        if "lock" in str(error).lower():
            raise Busy(f"{path} is open in another process: {error}") from error
        raise DestinationRefused(f"{path} cannot be used as a DuckDB file: {error}") from error


def _arrow_table(frame: Frame) -> pa.Table:
    """Times stay text here, and are read as they are written: Arrow's own conversion takes longer to load than a batch to write."""
    return pa.table({name: pa.array(cells, TYPES[frame.kinds.get(name, Kind.TEXT)]) for name, cells in frame.columns.items()})


def _incoming_columns(frame: Frame) -> str:
    return ", ".join(f"incoming.{quoted(name)}" for name in frame.columns)


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, OSError) as error:
        raise TryLater(f"{name}: {error}") from error
