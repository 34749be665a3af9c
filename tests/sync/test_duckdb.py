"""The contract, and what is DuckDB's own."""

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from openprospect.sync.batch import Batch, Source
from openprospect.sync.client import Client
from openprospect.sync.destinations.opening import open_destination
from openprospect.sync.errors import DestinationRefused
from tests.sync.columns_contract import ColumnsContract
from tests.sync.contract import SEARCH, assert_same, forget, sync
from tests.sync.feed_server import KEY, FeedServer, company, person

_FORMAT = "SELECT tags['storage_version'] FROM duckdb_databases() WHERE path IS NOT NULL"


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


@pytest.mark.parametrize("way", ["left out", "withdrawn", "swept", "named elsewhere"])
def test_the_bytes_of_whoever_is_gone_are_out_of_the_file_before_the_receipt(tmp_path: Path, way: str) -> None:
    copy = DuckdbCopy(tmp_path / "feed.duckdb")
    with FeedServer() as server:
        feed = server.feed(SEARCH)
        named = way == "named elsewhere"
        for n in range(50):
            email, attributes = f"gone.{n}@secret.example", {"assistant": f"gone.{n}@secret.example"} if named else None
            feed.deliver(company(n, prospects=[person(n, 0), person(n, 1, email=None if named else email)], attributes=attributes))
        sync(copy, server)
        assert b"gone.7@secret.example" in (tmp_path / "feed.duckdb").read_bytes()
        if way == "withdrawn":
            feed.withdraw(company(7)["id"])
        elif way == "swept":
            forget(feed, 7)
        elif named:
            feed.deliver(company(7, prospects=[person(7, 0), person(7, 1, email=None)]))
        else:
            feed.deliver(company(7, people=1))

        sync(copy, server, full=way == "swept")

        assert_same(copy, feed)
    assert b"gone.7@secret.example" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_the_bytes_of_whoever_a_killed_run_deleted_are_gone_before_the_next_one_asks_for_anything(tmp_path: Path) -> None:
    copy, path = DuckdbCopy(tmp_path / "feed.duckdb"), tmp_path / "feed.duckdb"
    with FeedServer() as server, Client(server.url, KEY) as client:
        feed = server.feed(SEARCH)
        feed.deliver(company(1, prospects=[person(1, 0, email="gone@secret.example")]))
        sync(copy, server)
        feed.deliver(company(1, people=0))
        with closing(open_destination(copy.url)) as destination:
            companies = list(client.companies(SEARCH))
            destination.apply(Batch(search_id=SEARCH, source=Source(server=server.url), companies=companies, until=feed.watermark))
    assert b"gone@secret.example" in path.read_bytes()
    for name in ("feed.duckdb.rewritten", "feed.duckdb.rewritten.wal"):
        (tmp_path / name).write_bytes(b"half of a copy")

    open_destination(copy.url).close()

    assert b"gone@secret.example" not in path.read_bytes()
    assert {found.name for found in tmp_path.iterdir()} == {"feed.duckdb", "feed.duckdb.lock"}
    assert_same(copy, feed)


def test_a_file_is_written_anew_only_when_something_in_it_is_no_longer_so(tmp_path: Path) -> None:
    copy, path = DuckdbCopy(tmp_path / "feed.duckdb"), tmp_path / "feed.duckdb"
    with FeedServer() as server:
        feed = server.feed(SEARCH)
        feed.deliver(company(1, people=2), company(2, people=1))
        sync(copy, server)
        before = path.stat().st_ino
        feed.deliver(company(3))
        sync(copy, server)
        sync(copy, server)
        assert path.stat().st_ino == before
        feed.deliver(company(1, people=2, name="Renamed"))
        sync(copy, server)
        assert path.stat().st_ino != before


def test_what_others_put_into_the_file_outlives_its_being_written_anew(tmp_path: Path) -> None:
    (tmp_path / "link.duckdb").symlink_to(tmp_path / "feed.duckdb")
    copy = DuckdbCopy(tmp_path / "link.duckdb")
    with FeedServer() as server:
        feed = server.feed(SEARCH)
        feed.deliver(company(1, people=2))
        sync(copy, server)
        (tmp_path / "feed.duckdb").chmod(0o640)
        owner = 12345 if os.getuid() == 0 else os.getuid()
        os.chown(tmp_path / "feed.duckdb", owner, -1)
        with duckdb.connect(tmp_path / "feed.duckdb") as connection:
            connection.execute("CREATE TABLE mine (id INTEGER PRIMARY KEY, note VARCHAR DEFAULT 'x'); INSERT INTO mine (id) VALUES (1)")
            connection.execute("CREATE VIEW named AS SELECT name FROM companies; CREATE INDEX by_name ON companies (name)")
            connection.execute("ALTER TABLE companies ADD COLUMN owner VARCHAR; UPDATE companies SET owner = 'me'")
            [before] = connection.execute(_FORMAT).fetchall()
        feed.deliver(company(1, people=0))
        sync(copy, server)

    with duckdb.connect(tmp_path / "feed.duckdb") as connection:
        assert connection.execute("SELECT note, named.name, owner FROM mine, named, companies").fetchall() == [("x", "Grand Hotel 1", "me")]
        assert connection.execute("SELECT index_name FROM duckdb_indexes() WHERE index_name = 'by_name'").fetchall()
        assert connection.execute(_FORMAT).fetchall() == [before]
    found = (tmp_path / "feed.duckdb").stat()
    assert (found.st_uid, found.st_mode & 0o777) == (owner, 0o640)
    assert (tmp_path / "link.duckdb").is_symlink()
