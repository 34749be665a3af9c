"""A feed to sync from, and each of the SQL databases to sync to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.sync.contract import Copy
from tests.sync.feed_server import FeedServer
from tests.sync.test_duckdb import DuckdbCopy
from tests.sync.test_postgresql import PostgresCopy
from tests.sync.test_sqlite import SqliteCopy


class SqlCopy(Copy, Protocol):
    """A copy whose owner changes it with statements of their own."""

    def run(self, statement: str) -> object: ...


@pytest.fixture(params=["duckdb", "postgresql", "sqlite"])
def sql_copy(request: pytest.FixtureRequest, tmp_path: Path) -> SqlCopy:
    if request.param == "postgresql":
        return PostgresCopy(request.getfixturevalue("postgres"))
    return DuckdbCopy(tmp_path / "feed.duckdb") if request.param == "duckdb" else SqliteCopy(tmp_path / "feed.db")


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server
