"""Tables that are files, Delta or Iceberg: rows are deleted in one commit of the table, and appended by dlt in the next.

dlt merges there by `upsert` alone, which cannot take away the people that a company has no more.
"""

from collections.abc import Callable
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


class OpenTables:
    """Tables appear with their first row; until then, dlt's record of their schema says that they are ours."""

    def __init__(self, loader: Loader, table_format: str) -> None:
        self._loader = loader
        self._format = cast("TTableFormat", table_format)
        with translated(loader.address):
            self._open: Callable[[Any], OpenTable] = import_module(f"openprospect.sync.destinations.dlt.{table_format}").Rows

    def found(self) -> set[str]:
        with translated(self._loader.address), cast("FilesystemClient", self._loader.client()) as client:
            ours = {STATE} if client.get_stored_schema(client.schema.name) else set()
            return ours | {name for name, columns in client.get_storage_tables(SCHEMAS) if columns}

    def create(self) -> None:
        if STATE not in self.found():
            self._loader.load(*(self._appended(table, schema.empty_table()) for table, schema in SCHEMAS.items()))

    def states(self) -> list[dict[str, Any]]:
        table = self._table(STATE)
        return table.rows() if table else []

    def remember(self, state: pa.Table) -> None:
        merge = {"disposition": "merge", "strategy": "upsert"}
        self._loader.load(resource(STATE, state, write_disposition=merge, primary_key=KEYS[STATE], table_format=self._format))

    def replace(self, change: Change) -> int:
        self._delete(PROSPECTS, change.search_id, "company_id", change.ids + change.removed)
        removed = self._delete(COMPANIES, change.search_id, "id", change.removed)
        self._delete(COMPANIES, change.search_id, "id", change.ids)
        self._loader.load(self._appended(COMPANIES, change.companies), self._appended(PROSPECTS, change.prospects))
        return removed

    def sweep(self, search_id: str, run: int) -> int:
        swept = {name: table.delete_before(search_id, run) for name in (PROSPECTS, COMPANIES) if (table := self._table(name))}
        return swept.get(COMPANIES, 0)

    def count(self, table: str, search_id: str) -> int:
        found = self._table(table)
        return found.count(search_id) if found else 0

    def _delete(self, name: str, search_id: str, column: str, ids: list[str]) -> int:
        table = self._table(name)
        return table.delete(search_id, column, ids) if table and ids else 0

    def _table(self, name: str) -> OpenTable | None:
        with translated(self._loader.address), cast("FilesystemClient", self._loader.client()) as client:
            if name not in client.schema.tables:  # nothing was loaded by this process so far
                client.schema.update_table(new_table(name, table_format=self._format))
            try:
                return self._open(client.load_open_table(self._format, name))
            except DestinationUndefinedEntity:
                return None

    def _appended(self, table: str, rows: pa.Table) -> DltResource:
        return resource(table, rows, write_disposition="append", table_format=self._format)
