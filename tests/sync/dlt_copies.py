"""Warehouses that dlt loads and that run here, as somebody who reads them sees them."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from psycopg.rows import dict_row
from pyiceberg.avro.file import AvroFile
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table import StaticTable


class DltPostgresCopy:
    """A dataset of its own; dlt finds the database in the environment."""

    def __init__(self, dsn: str, set_variable: Callable[[str, str], None]) -> None:
        self._dsn = dsn
        self.dataset = f"copy_{uuid.uuid4().hex[:8]}"
        self.url = f"dlt:postgres?dataset={self.dataset}"
        # dlt wants a password and a host; the host in the query, a socket, has the last word.
        set_variable("DESTINATION__POSTGRES__CREDENTIALS", dsn.replace("@/", ":none@localhost/", 1))

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [_spelled(row) for row in self.run(f"SELECT * FROM {table}")]

    def tables(self) -> set[str]:
        found = self.run("SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'", self.dataset)
        return {row["relname"] for row in found}

    def occupy(self) -> None:
        self.run(f"CREATE SCHEMA {self.dataset}")
        self.run("CREATE TABLE companies AS SELECT 1 AS mine")

    def is_untouched(self) -> bool:
        return (self.tables(), self.run("SELECT * FROM companies")) == ({"companies"}, [{"mine": 1}])

    def run(self, statement: str, *values: object) -> list[dict[str, Any]]:
        with psycopg.connect(self._dsn, row_factory=dict_row, autocommit=True) as connection:
            connection.execute(f"SET search_path = {self.dataset}")
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []


class LakeCopy:
    """A folder of Delta or Iceberg tables."""

    def __init__(self, folder: Path, table_format: str, set_variable: Callable[[str, str], None]) -> None:
        self.folder = folder / "openprospect"
        self.url = f"dlt:{table_format}"
        self._read = {"delta": _delta_rows, "iceberg": _iceberg_rows}[table_format]
        set_variable("DESTINATION__FILESYSTEM__BUCKET_URL", folder.as_uri())
        set_variable("DLT_DATA_DIR", str(folder / "dlt"))

    def rows(self, table: str) -> list[dict[str, Any]]:
        folder = self.folder / table
        return [_spelled(row) for row in self._read(folder).to_pylist()] if folder.exists() else []

    def occupy(self) -> None:
        (self.folder / "companies").mkdir(parents=True)
        (self.folder / "companies" / "mine.parquet").write_text("mine")

    def is_untouched(self) -> bool:
        return [path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()] == ["companies/mine.parquet"]

    def files_that_mention(self, text: str) -> list[Path]:
        """Compressed ones too."""
        return [
            path for path in self.folder.rglob("*") if path.is_file() and (text.encode() in path.read_bytes() or text in _records(path))
        ]


def _records(path: Path) -> str:
    if path.suffix == ".parquet":
        return str(pq.read_table(path, partitioning=None).to_pylist())
    if path.suffix == ".avro":
        with AvroFile[Any](PyArrowFileIO().new_input(str(path))) as records:
            return str(list(records))
    return ""


def _delta_rows(folder: Path) -> pa.Table:
    return DeltaTable(folder).to_pyarrow_table()


def _iceberg_rows(folder: Path) -> pa.Table:
    newest: Path = max((folder / "metadata").glob("*.metadata.json"))
    table: pa.Table = StaticTable.from_metadata(newest.as_uri()).scan().to_arrow()
    return table


def _spelled(row: dict[str, Any]) -> dict[str, Any]:
    moment = row.get("delivered_at")
    if not isinstance(moment, datetime):
        return row
    return row | {"delivered_at": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
