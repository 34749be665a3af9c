"""Tables that are files, Delta or Iceberg: rows are deleted in one commit of the table, and appended by dlt in the next.

dlt merges there by `upsert` alone, which cannot take away the people that a company has no more.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Protocol, cast

import pyarrow as pa
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.common.schema.typing import TTableFormat
from dlt.common.schema.utils import new_table
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient
from dlt.extract import DltResource

from openprospect.sync.destinations.dlt.failures import translated
from openprospect.sync.destinations.dlt.loader import Loader, resource
from openprospect.sync.destinations.dlt.rows import KEYS, SCHEMAS, STATE
from openprospect.sync.destinations.dlt.warehouse import Change
from openprospect.sync.destinations.frames import COMPANIES, PROSPECTS


class OpenTable(Protocol):
    """One table, in either format."""

    def rows(self) -> list[dict[str, Any]]: ...

    def delete(self, search_id: str, column: str, ids: list[str]) -> int:
        """The number of rows deleted."""

    def delete_before(self, search_id: str, run: int) -> int: ...

    def count(self, search_id: str) -> int: ...

    def tidy(self) -> None:
        """Leave no file that no reader needs: former states, as long as the table's properties keep them, and what a killed run left."""


class OpenTables:
    """Tables appear with their first row; until then, dlt's record of their schema says that they are ours."""

    def __init__(self, loader: Loader, table_format: str) -> None:
        self._loader = loader
        self._format = cast("TTableFormat", table_format)
        with translated(loader.address):
            library = import_module(f"openprospect.sync.destinations.dlt.{table_format}")
        self._open: Callable[[Any, Any], OpenTable] = library.Rows
        self._failures: tuple[type[Exception], ...] = library.FAILURES

    def found(self) -> set[str]:
        with self._client() as client:
            ours = {STATE} if client.get_stored_schema(client.schema.name) else set()
            return ours | {name for name, columns in client.get_storage_tables(SCHEMAS) if columns}

    def create(self) -> None:
        if STATE not in self.found():
            self._loader.load(*(self._appended(table, schema.empty_table()) for table, schema in SCHEMAS.items()))

    def states(self) -> list[dict[str, Any]]:
        with self._table(STATE) as table:
            return table.rows() if table else []

    def remember(self, state: pa.Table) -> None:
        merge = {"disposition": "merge", "strategy": "upsert"}
        self._loader.load(resource(STATE, state, write_disposition=merge, primary_key=KEYS[STATE], table_format=self._format))
        self._tidy(STATE)

    def replace(self, change: Change) -> int:
        self._delete(PROSPECTS, change.search_id, "company_id", change.ids + change.removed)
        removed = self._delete(COMPANIES, change.search_id, "id", change.removed)
        self._delete(COMPANIES, change.search_id, "id", change.ids)
        self._loader.load(self._appended(COMPANIES, change.companies), self._appended(PROSPECTS, change.prospects))
        self._tidy(PROSPECTS, COMPANIES)
        return removed

    def sweep(self, search_id: str, run: int) -> int:
        swept = 0
        for name in (PROSPECTS, COMPANIES):
            with self._table(name) as table:
                swept = table.delete_before(search_id, run) if table else 0
        self._tidy(PROSPECTS, COMPANIES)
        return swept

    def count(self, table: str, search_id: str) -> int:
        with self._table(table) as found:
            return found.count(search_id) if found else 0

    def _delete(self, name: str, search_id: str, column: str, ids: list[str]) -> int:
        with self._table(name) as table:
            return table.delete(search_id, column, ids) if table and ids else 0

    def _tidy(self, *names: str) -> None:
        """Before the checkpoint moves, since it says that whoever is gone is gone."""
        for name in names:
            with self._table(name) as table:
                if table:
                    table.tidy()

    @contextmanager
    def _table(self, name: str) -> Iterator[OpenTable | None]:
        with self._client() as client:
            if name not in client.schema.tables:  # nothing was loaded by this process so far
                client.schema.update_table(new_table(name, table_format=self._format))
            try:
                found = client.load_open_table(self._format, name)
            except DestinationUndefinedEntity:
                found = None
            yield None if found is None else self._open(found, client.fs_client)

    @contextmanager
    def _client(self) -> Iterator[FilesystemClient]:
        with translated(self._loader.address, self._failures), cast("FilesystemClient", self._loader.client()) as client:
            yield client

    def _appended(self, table: str, rows: pa.Table) -> DltResource:
        return resource(table, rows, write_disposition="append", table_format=self._format)
