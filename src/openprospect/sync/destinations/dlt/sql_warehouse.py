"""Warehouses that speak SQL: dlt stages each table, and replaces in one transaction a table what the staged rows are about."""

# ruff: noqa: S608 - statements are made of our own text and dlt's quoted names; values are always bound

from collections.abc import Iterator
from typing import Any, cast

import pyarrow as pa
from dlt.destinations.job_client_impl import SqlJobClientBase
from dlt.extract import DltResource

from openprospect.sync.destinations.dlt.failures import translated
from openprospect.sync.destinations.dlt.loader import Loader, resource
from openprospect.sync.destinations.dlt.rows import KEYS, REMOVED, RUN, SCHEMAS, STATE, removals
from openprospect.sync.destinations.dlt.warehouse import Change
from openprospect.sync.destinations.frames import COMPANIES, PROSPECTS

_MOST_BOUND = 500


class SqlWarehouse:
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def found(self) -> set[str]:
        with translated(self._loader.address), self._loader.client() as client:
            return {name for name, columns in cast("SqlJobClientBase", client).get_storage_tables(SCHEMAS) if columns}

    def create(self) -> None:
        for tables in ((STATE,), (COMPANIES, PROSPECTS)):
            if missing := set(tables) - self.found():
                self._loader.load(*(_merged(table, SCHEMAS[table].empty_table()) for table in missing))

    def states(self) -> list[dict[str, Any]]:
        names = SCHEMAS[STATE].names
        return [dict(zip(names, row, strict=True)) for row in self._execute(f"SELECT {{{'}, {'.join(names)}}} FROM {{{STATE}}}")]

    def remember(self, state: pa.Table) -> None:
        self._loader.load(_merged(STATE, state))

    def replace(self, change: Change) -> int:
        removed = sum(self._count_among(change.search_id, ids) for ids in _chunks(change.removed))
        companies = pa.concat_tables([change.companies, removals(COMPANIES, "id", change.search_id, change.removed)])
        # A row for every company, so that of one that has nobody left nobody is left.
        emptied = removals(PROSPECTS, "company_id", change.search_id, change.ids + change.removed)
        self._loader.load(_merged(COMPANIES, companies), _merged(PROSPECTS, pa.concat_tables([change.prospects, emptied])))
        return removed

    def sweep(self, search_id: str, run: int) -> int:
        condition = f"{{prospect_search_id}} = %s AND {{{RUN}}} < %s"
        [(stale,)] = self._execute(f"SELECT count(*) FROM {{{COMPANIES}}} WHERE {condition}", search_id, run)
        for table in (PROSPECTS, COMPANIES):
            self._execute(f"DELETE FROM {{{table}}} WHERE {condition}", search_id, run)
        return int(stale)

    def count(self, table: str, search_id: str) -> int:
        [(count,)] = self._execute(f"SELECT count(*) FROM {{{table}}} WHERE {{prospect_search_id}} = %s", search_id)
        return int(count)

    def _count_among(self, search_id: str, ids: list[str]) -> int:
        marks = ", ".join(["%s"] * len(ids))
        condition = f"{{prospect_search_id}} = %s AND {{id}} IN ({marks})"
        [(count,)] = self._execute(f"SELECT count(*) FROM {{{COMPANIES}}} WHERE {condition}", search_id, *ids)
        return int(count)

    def _execute(self, statement: str, *values: object) -> list[Any]:
        """Run a statement whose tables and columns stand in braces, and are written as the warehouse spells them."""
        with translated(self._loader.address), cast("SqlJobClientBase", self._loader.client()) as client:
            sql = client.sql_client
            names = {table: sql.make_qualified_table_name(table) for table in SCHEMAS}
            names |= {column: sql.escape_column_name(column) for schema in SCHEMAS.values() for column in schema.names}
            return list(sql.execute_sql(statement.format_map(names), *values) or ())


def _merged(table: str, rows: pa.Table) -> DltResource:
    """`delete-insert`: `upsert` doubles a key that comes twice. Prospects go by company: their set is replaced."""
    keys: dict[str, Any] = {"merge_key" if table == PROSPECTS else "primary_key": KEYS[table]}
    hints = {} if table == STATE else {"columns": {REMOVED: {"hard_delete": True}}}
    return resource(table, rows, write_disposition={"disposition": "merge", "strategy": "delete-insert"}, **keys, **hints)


def _chunks(ids: list[str]) -> Iterator[list[str]]:
    return (ids[start : start + _MOST_BOUND] for start in range(0, len(ids), _MOST_BOUND))
