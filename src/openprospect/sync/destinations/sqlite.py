"""SQLite files. Attribute columns have no affinity, so that a value is never rewritten behind our back."""

# ruff: noqa: S608 - statements are made of our own text and quoted names; values are always bound

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from openprospect.sync.destinations.base import Held
from openprospect.sync.destinations.columns import Column, Kind, encode
from openprospect.sync.destinations.database import listed, quoted
from openprospect.sync.destinations.frames import Frame
from openprospect.sync.destinations.sql import SqlDestination, held_in_file, open_in_file
from openprospect.sync.errors import Busy, DestinationRefused, TryLater
from openprospect.sync.retry import Retry

_KEY = {"prospect_search_id", "id"}


class SqliteDatabase:
    types: ClassVar[Mapping[Kind, str]] = {Kind.BOOLEAN: "", Kind.BIGINT: "", Kind.DOUBLE: "", Kind.TEXT: "TEXT", Kind.JSON: "TEXT"}
    moment_type = "TEXT"
    has_indexes = True
    is_among = "IN (SELECT value FROM json_each(?))"
    way_out = "choose another file"

    def __init__(self, path: Path, *, read_only: bool, busy_seconds: float = 10.0) -> None:
        self.name = str(path)
        self._begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"
        try:
            # A reader, too, may have to take back what a killed run had begun to write.
            address = f"{path.absolute().as_uri()}?mode={'rw' if read_only else 'rwc'}"
            self._connection = sqlite3.connect(address, uri=True, timeout=busy_seconds, isolation_level=None)
            self._connection.execute(f"PRAGMA query_only = {read_only}")
            self._connection.execute("PRAGMA secure_delete = ON")  # Who is deleted would stay in the file until the place is needed.
            self._connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.Error as error:
            kind = Busy if _is_busy(error) else DestinationRefused
            raise kind(f"{path} cannot be used as a SQLite file: {error}.") from error
        self._connection.create_function("openprospect_converted", 3, _converted, deterministic=True)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with _translated(self.name):
            self._connection.execute(self._begin)
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, values).fetchall()

    def execute(self, statement: str, *values: object) -> int:
        return self._connection.execute(statement, values).rowcount

    def define(self, name: str, function: Callable[[Any], Any]) -> None:
        """A function of one value, for statements of this connection."""
        self._connection.create_function(name, 1, function, deterministic=True)

    def id_list(self, ids: list[str]) -> object:
        return msgspec.json.encode(ids).decode()

    def tables(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for table, column in self.query(
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type IN ('table', 'view')"
        ):
            found.setdefault(table.casefold(), set()).add(column.casefold())
        return found

    def retype(self, table: str, old: Column, new: Column) -> None:
        name = quoted(new.name)
        converted = f"openprospect_converted({name}, '{old.kind}', '{new.kind}')"
        self.execute(f"UPDATE {table} SET {name} = {converted} WHERE {name} IS NOT NULL")

    def upsert(self, table: str, frame: Frame) -> None:
        changes = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in frame.columns if name not in _KEY)
        self._insert(table, frame, f" ON CONFLICT (prospect_search_id, id) DO UPDATE SET {changes}")

    def append(self, table: str, frame: Frame) -> None:
        self._insert(table, frame, "")

    def note_removal(self) -> None:
        """Nothing: rows are overwritten as they are deleted."""

    def clear(self) -> None:
        """A file that somebody switched to WAL holds former pages until the log's are written over them, and the log holds others."""
        with _translated(self.name):
            [(is_busy, _, _)] = self.query("PRAGMA wal_checkpoint(TRUNCATE)")
        if is_busy:
            raise Busy(f"{self.name} is being read by another program, and may hold on to the bytes of whoever is gone until that is done.")

    def close(self) -> None:
        self._connection.close()

    def _insert(self, table: str, frame: Frame, conflict: str) -> None:
        marks = ", ".join("?" * len(frame.columns))
        statement = f"INSERT INTO {table} ({listed(frame.columns)}) VALUES ({marks}){conflict}"
        self._connection.executemany(statement, zip(*frame.columns.values(), strict=True))


def open_destination(url: str, _retry: Retry) -> SqlDestination:
    return open_in_file(url, lambda path: SqliteDatabase(path, read_only=False))


def held_in(url: str) -> list[Held]:
    return held_in_file(url, lambda path: SqliteDatabase(path, read_only=True))


def _converted(value: object, old: str, new: str) -> str | float | None:
    converted: str | float | None = encode([bool(value) if old == Kind.BOOLEAN else value], Kind(new))[0]
    return converted


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise _kind_of(error)(f"{name}: {error}.") from error
    except sqlite3.Error as error:
        raise DestinationRefused(f"{name}: {error}.") from error


def _kind_of(error: sqlite3.OperationalError) -> type[Busy | TryLater | DestinationRefused]:
    """A statement that does not fit the tables never will; whatever else befalls the file may pass."""
    if _is_busy(error):
        return Busy
    return DestinationRefused if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR else TryLater


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", None) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
