"""Indexes that somebody put into a DuckDB file: kept where a column becomes wider, or named where one cannot be."""

from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from openprospect.sync.destinations.duckdb_errors import told
from openprospect.sync.destinations.duckdb_file import DuckFile
from openprospect.sync.errors import DestinationRefused
from tests.sync.contract import SEARCH, assert_same, sync
from tests.sync.feed_server import FeedServer, company
from tests.sync.test_duckdb import DuckdbCopy

_INDEXES = "SELECT index_name, sql, comment FROM duckdb_indexes() ORDER BY 1"
_COLUMNS = "SELECT column_name, column_default, is_nullable, comment FROM duckdb_columns() WHERE table_name = 'companies' ORDER BY ALL"


@pytest.fixture
def copy(tmp_path: Path) -> DuckdbCopy:
    return DuckdbCopy(tmp_path / "feed.duckdb")


def test_a_column_becomes_wider_under_the_indexes_of_its_table_and_all_of_these_are_there_afterwards(
    copy: DuckdbCopy, server: FeedServer, tmp_path: Path
) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(company(1, attributes={"stars": 4}), company(2, attributes={"stars": 5}))
    sync(copy, server)
    copy.run("CREATE INDEX by_name ON companies (name)")
    copy.run('CREATE UNIQUE INDEX "By ""id""" ON companies (id, (lower(name)))')
    copy.run("CREATE INDEX by_stars ON companies (stars); COMMENT ON INDEX by_stars IS 'Ada''s'")
    copy.run("COMMENT ON TABLE companies IS 'The copy'; COMMENT ON COLUMN companies.stars IS 'of five'")
    before = look(tmp_path)
    feed.deliver(company(3, attributes={"stars": "four"}))

    assert sync(copy, server).error is None

    assert look(tmp_path) == before
    assert sorted(row["stars"] for row in copy.rows("companies")) == ["4", "5", "four"]
    assert_same(copy, feed)


def look(folder: Path) -> list[object]:
    statements = (_INDEXES, _COLUMNS, "SELECT comment FROM duckdb_tables() WHERE table_name = 'companies'")
    with duckdb.connect(folder / "feed.duckdb") as connection:
        return [connection.execute(statement).fetchall() for statement in statements]


def test_an_index_that_does_not_take_the_wider_column_is_named_and_left_as_it_is(
    copy: DuckdbCopy, server: FeedServer, tmp_path: Path
) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(company(1, attributes={"stars": 4}))
    sync(copy, server)
    copy.run("CREATE INDEX better ON companies ((stars + 1))")
    before = look(tmp_path)
    feed.deliver(company(2, attributes={"stars": "four"}))

    error = sync(copy, server).error

    assert isinstance(error, DestinationRefused)
    assert "A column of companies has to become wider, which index better does not allow" in error.message
    assert look(tmp_path) == before
    copy.run("DROP INDEX better")
    assert sync(copy, server).error is None
    assert_same(copy, feed)


def test_a_key_that_another_transaction_was_faster_with_is_not_told() -> None:
    with duckdb.connect() as one, one.cursor() as other:
        one.execute("CREATE TABLE people (email VARCHAR PRIMARY KEY)")
        for connection in (one, other):
            connection.begin()
            connection.execute("INSERT INTO people VALUES ('maria@secret.example')")
        one.commit()
        with pytest.raises(duckdb.TransactionException, match="maria") as caught:
            other.commit()

    assert told(caught.value).endswith("PRIMARY KEY or UNIQUE constraint violation: duplicate key … (values are left out)")


def test_a_file_whose_indexes_need_more_memory_than_a_sync_has_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "feed.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE leftovers (i INT); CREATE TABLE orders (id VARCHAR PRIMARY KEY)")
        connection.execute("INSERT INTO orders SELECT 'order-' || i FROM range(250000) t(i)")
    before = path.stat().st_ino

    with closing(DuckFile(path, read_only=False, memory_limit="16MB")) as file:
        file.rewrite(without="leftovers")

    assert path.stat().st_ino != before
    with duckdb.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchall() == [(250000,)]
        with pytest.raises(duckdb.ConstraintException):
            connection.execute("INSERT INTO orders VALUES ('order-7')")
