"""DuckDB files: Arrow columns, merged inside one transaction."""

# ruff: noqa: S608 - statements are made of our own text and quoted names; values are always bound

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
from openprospect.sync.destinations.duckdb_errors import translated
from openprospect.sync.destinations.duckdb_file import DuckFile
from openprospect.sync.destinations.duckdb_retyping import retype
from openprospect.sync.destinations.frames import Frame
from openprospect.sync.destinations.sql import SqlDestination, held_in_file, open_in_file
from openprospect.sync.retry import Retry

# There while rows are gone whose bytes are not.
_LEFTOVERS = "openprospect_sync_leftovers"


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
        self._file = DuckFile(path, read_only=read_only)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with translated(self.name):
            self._file.connection.begin()
            try:
                yield
            except BaseException:
                with suppress(duckdb.Error):  # The first error is the one to tell.
                    self._file.connection.rollback()
                raise
            self._file.connection.commit()

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._file.connection.execute(statement, values).fetchall()

    def execute(self, statement: str, *values: object) -> int:
        counted = self._file.connection.execute(statement, values).fetchall()
        return int(counted[0][0]) if counted else 0

    def id_list(self, ids: list[str]) -> object:
        return msgspec.json.encode(ids).decode()  # One value: a list is bound element by element.

    def tables(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for table, column in self.query(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_catalog = current_database() AND table_schema = current_schema()"
        ):
            found.setdefault(table.casefold(), set()).add(column.casefold())
        return found

    def retype(self, table: str, old: Column, new: Column) -> None:  # noqa: ARG002 - the database knows the old type
        name = quoted(new.name)
        converted = f"to_json({name})" if new.kind is Kind.JSON else f"{name}::{self.types[new.kind]}"
        retype(self.query, self.execute, table, new.name, to=self.types[new.kind], converted=converted)

    def upsert(self, table: str, frame: Frame) -> None:
        changes = ", ".join(f"{quoted(name)} = incoming.{quoted(name)}" for name in frame.columns)
        with self._incoming(table, frame):
            self._file.connection.execute(
                f"MERGE INTO {table} USING incoming ON {table}.prospect_search_id = incoming.prospect_search_id"
                f" AND {table}.id = incoming.id WHEN MATCHED THEN UPDATE SET {changes}"
                f" WHEN NOT MATCHED THEN INSERT ({listed(frame.columns)}) VALUES ({_incoming_columns(frame)})"
            )

    def append(self, table: str, frame: Frame) -> None:
        with self._incoming(table, frame):
            self._file.connection.execute(f"INSERT INTO {table} ({listed(frame.columns)}) SELECT {listed(frame.columns)} FROM incoming")

    def note_removal(self) -> None:
        self.execute(f"CREATE TABLE IF NOT EXISTS {_LEFTOVERS} (noted BOOLEAN)")

    def clear(self) -> None:
        """A deleted row stays in the file until that is written anew, which is done once for all of them."""
        with self.transaction():
            is_due = _LEFTOVERS in self.tables()
        if is_due:
            with translated(self.name):
                self._file.rewrite(without=_LEFTOVERS)

    def close(self) -> None:
        self._file.close()

    @contextmanager
    def _incoming(self, table: str, frame: Frame) -> Iterator[None]:
        """The frame under that name, until the transaction has done with it; an error ends the transaction, and the name with it."""
        with translated(f"{self.name}, table {table}"):
            self._file.connection.register("incoming", _arrow_table(frame))
            yield
            self._file.connection.unregister("incoming")


def open_destination(url: str, _retry: Retry) -> SqlDestination:
    return open_in_file(url, lambda path: DuckDatabase(path, read_only=False))


def held_in(url: str) -> list[Held]:
    return held_in_file(url, lambda path: DuckDatabase(path, read_only=True))


def _arrow_table(frame: Frame) -> pa.Table:
    """Times stay text here, and are read as they are written: Arrow's own conversion takes longer to load than a batch to write."""
    return pa.table({name: pa.array(cells, TYPES[frame.kinds.get(name, Kind.TEXT)]) for name, cells in frame.columns.items()})


def _incoming_columns(frame: Frame) -> str:
    return ", ".join(f"incoming.{quoted(name)}" for name in frame.columns)
