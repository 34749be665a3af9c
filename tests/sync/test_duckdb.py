"""The contract, and what is DuckDB's own."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from openprospect.sync.destinations.opening import open_destination
from openprospect.sync.errors import DestinationRefused
from tests.sync.columns_contract import ColumnsContract


class DuckdbCopy:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.url = f"duckdb:///{path}"

    def rows(self, table: str) -> list[dict[str, Any]]:
        with duckdb.connect(self._path, read_only=True) as connection:
            cursor = connection.execute(
                f"SELECT * REPLACE (strftime(delivered_at AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') AS delivered_at) FROM {table}"
            )
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def occupy(self) -> None:
        with duckdb.connect(self._path) as connection:
            connection.execute("CREATE TABLE companies AS SELECT 1 AS mine")

    def is_untouched(self) -> bool:
        with duckdb.connect(self._path) as connection:
            tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
            return (tables, connection.execute("FROM companies").fetchall()) == ([("companies",)], [(1,)])


class TestDuckdb(ColumnsContract):
    @pytest.fixture
    def copy(self, tmp_path: Path) -> DuckdbCopy:
        return DuckdbCopy(tmp_path / "feed.duckdb")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database" * 1000)
    with pytest.raises(DestinationRefused, match="cannot be used as a DuckDB file"):
        open_destination(f"duckdb:///{tmp_path}/notes.txt")


def test_a_dropped_table_is_noticed(tmp_path: Path) -> None:
    copy = DuckdbCopy(tmp_path / "feed.duckdb")
    open_destination(copy.url).close()
    with duckdb.connect(tmp_path / "feed.duckdb") as connection:
        connection.execute("DROP TABLE prospects")
    with pytest.raises(DestinationRefused, match="no table prospects"):
        open_destination(copy.url)
