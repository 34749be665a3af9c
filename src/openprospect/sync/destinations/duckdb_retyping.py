"""Columns of a DuckDB table that get another type, whatever indexes somebody has put on the table. The caller owns the transaction."""

# ruff: noqa: S608 - statements are made of our own text and quoted names

from collections.abc import Callable
from typing import Any

import duckdb

from openprospect.sync.destinations.database import quoted
from openprospect.sync.destinations.duckdb_errors import told
from openprospect.sync.errors import DestinationRefused

Query = Callable[..., list[tuple[Any, ...]]]

_FORMER = "openprospect_sync_former"
_PLACE = "database_name = current_database() AND schema_name = current_schema()"
_INDEXES = f"SELECT index_name, sql FROM duckdb_indexes() WHERE {_PLACE} AND table_name = ?"
_DEFINITION = f"SELECT sql FROM duckdb_tables() WHERE {_PLACE} AND table_name = ?"
_LITERAL = "' IS ''' || replace(comment, '''', '''''') || ''''"
_COMMENTS = (
    f"SELECT 'COMMENT ON TABLE ' || table_name || {_LITERAL} FROM duckdb_tables()"
    f" WHERE {_PLACE} AND table_name = $1 AND comment IS NOT NULL UNION ALL"
    f" SELECT 'COMMENT ON COLUMN ' || table_name || '.\"' || replace(column_name, '\"', '\"\"') || '\"' || {_LITERAL} FROM duckdb_columns()"
    f" WHERE {_PLACE} AND table_name = $1 AND comment IS NOT NULL UNION ALL"
    f" SELECT 'COMMENT ON INDEX \"' || replace(index_name, '\"', '\"\"') || '\"' || {_LITERAL} FROM duckdb_indexes()"
    f" WHERE {_PLACE} AND table_name = $1 AND comment IS NOT NULL"
)


def retype(query: Query, execute: Callable[[str], object], table: str, column: str, *, to: str, converted: str) -> None:
    """`converted`: what is to stand in the column. Raises `DestinationRefused` with the name of an index that does not allow it."""
    indexes = query(_INDEXES, table)
    change = f"ALTER TABLE {table} ALTER COLUMN {quoted(column)} TYPE {to}"
    if not indexes:
        execute(f"{change} USING {converted}")
        return
    # DuckDB changes no table that has indexes, and no column that had one in the same transaction: the table is made anew.
    comments, [(definition,)] = query(_COMMENTS, table), query(_DEFINITION, table)
    for name, _ in indexes:
        execute(f"DROP INDEX {quoted(name)}")
    execute(f"ALTER TABLE {table} RENAME TO {_FORMER}")
    execute(definition)
    execute(change)
    execute(f"INSERT INTO {table} BY NAME SELECT * REPLACE ({converted} AS {quoted(column)}) FROM {_FORMER}")
    execute(f"DROP TABLE {_FORMER}")
    for name, statement in indexes:
        _put_up(execute, table, name, statement)
    for (comment,) in comments:
        execute(comment)


def _put_up(execute: Callable[[str], object], table: str, name: str, statement: str) -> None:
    try:
        execute(statement)
    except duckdb.ProgrammingError as error:
        raise DestinationRefused(
            f"A column of {table} has to become wider, which index {name} does not allow: {told(error)}"
            " Drop it, sync, and create another if need be."
        ) from error
