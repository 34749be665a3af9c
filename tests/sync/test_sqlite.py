"""The contract, and what is SQLite's own."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from openprospect.sync.client import Client
from openprospect.sync.destinations.opening import held_in, open_destination
from openprospect.sync.destinations.sql import SqlDestination, open_in_file
from openprospect.sync.destinations.sqlite import SqliteDatabase
from openprospect.sync.engine import run
from openprospect.sync.errors import Busy, DestinationRefused
from tests.sync.columns_contract import ColumnsContract
from tests.sync.contract import SEARCH, sync
from tests.sync.feed_server import KEY, FeedServer, company, person


class SqliteCopy:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.url = f"sqlite:///{path}"

    def rows(self, table: str) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self._path)) as connection:
            cursor = connection.execute(f"SELECT * FROM {table}")
            return [dict(zip([column[0] for column in cursor.description], row, strict=True)) for row in cursor]

    def occupy(self) -> None:
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute("CREATE TABLE companies AS SELECT 1 AS mine")

    def is_untouched(self) -> bool:
        with closing(sqlite3.connect(self._path)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
            return (tables, connection.execute("SELECT * FROM companies").fetchall()) == ([("companies",)], [(1,)])

    def run(self, statement: str) -> None:
        with closing(sqlite3.connect(self._path)) as connection:
            connection.executescript(statement)


class TestSqlite(ColumnsContract):
    @pytest.fixture
    def copy(self, tmp_path: Path) -> SqliteCopy:
        return SqliteCopy(tmp_path / "feed.db")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database" * 1000)
    with pytest.raises(DestinationRefused, match="cannot be used as a SQLite file"):
        open_destination(f"sqlite:///{tmp_path}/notes.txt")


def test_a_file_that_another_program_keeps_to_itself_may_be_free_later(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "feed.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Busy, match="database is locked"):
            SqliteDatabase(tmp_path / "feed.db", read_only=False, busy_seconds=0.1)


def test_a_statement_that_does_not_fit_the_tables_needs_a_person(tmp_path: Path, server: FeedServer) -> None:
    copy = SqliteCopy(tmp_path / "feed.db")
    sync(copy, server)
    copy.run("CREATE TRIGGER mine AFTER INSERT ON companies BEGIN INSERT INTO nowhere VALUES (new.id); END")
    server.feed(SEARCH).deliver(company(1))

    error = sync(copy, server).error

    assert isinstance(error, DestinationRefused)
    assert "no such table: main.nowhere" in error.message


def test_the_bytes_of_whoever_is_gone_are_out_of_the_file(tmp_path: Path) -> None:
    copy = SqliteCopy(tmp_path / "feed.db")
    with FeedServer() as server:
        feed = server.feed(SEARCH)
        feed.deliver(company(1, prospects=[person(1, 0, email="gone@secret.example")]), company(2))
        sync(copy, server)
        assert b"gone@secret.example" in (tmp_path / "feed.db").read_bytes()
        feed.deliver(company(1, people=0))
        sync(copy, server)

    assert b"gone@secret.example" not in (tmp_path / "feed.db").read_bytes()


def test_nor_are_they_in_the_log_of_a_file_that_somebody_switched_to_wal(tmp_path: Path) -> None:
    copy = SqliteCopy(tmp_path / "feed.db")
    with FeedServer() as server:
        feed = server.feed(SEARCH)
        feed.deliver(company(1, prospects=[person(1, 0, email="gone@secret.example")]))
        sync(copy, server)
        with closing(sqlite3.connect(tmp_path / "feed.db")) as reader:
            reader.execute("PRAGMA journal_mode = WAL")
            reader.execute("SELECT * FROM prospects").fetchall()
            feed.deliver(company(1, people=0))

            assert sync(copy, server).error is None

            assert feed.confirmed[-1] == feed.watermark
            assert b"gone@secret.example" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_no_receipt_is_sent_while_a_reader_keeps_them_there(tmp_path: Path) -> None:
    copy = SqliteCopy(tmp_path / "feed.db")

    def impatient() -> SqlDestination:
        return open_in_file(copy.url, lambda path: SqliteDatabase(path, read_only=False, busy_seconds=0.1))

    with FeedServer() as server, Client(server.url, KEY) as client:
        feed = server.feed(SEARCH)
        feed.deliver(company(1, prospects=[person(1, 0, email="gone@secret.example")]))
        sync(copy, server)
        confirmed = list(feed.confirmed)
        copy.run("UPDATE openprospect_sync_state SET synced_at = 'before'")
        with closing(sqlite3.connect(tmp_path / "feed.db", isolation_level=None)) as reader:
            reader.execute("PRAGMA journal_mode = WAL")
            with closing(impatient()) as destination:
                reader.execute("BEGIN")
                reader.execute("SELECT * FROM prospects").fetchall()
                feed.deliver(company(1, people=0))
                [summary] = run([SEARCH], destination, client)
            with pytest.raises(Busy, match="is being read by another program"):
                impatient()

        assert isinstance(summary.error, Busy)
        assert feed.confirmed == confirmed
        assert [held.synced_at for held in held_in(copy.url)] == ["before"]
        assert sync(copy, server).error is None
        assert b"gone@secret.example" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_the_status_of_a_file_whose_run_was_killed_as_it_wrote_tells_what_was_committed(tmp_path: Path) -> None:
    copy = SqliteCopy(tmp_path / "feed.db")
    with FeedServer() as server:
        server.feed(SEARCH).deliver(*[company(n) for n in range(200)])
        sync(copy, server)
    (tmp_path / "killed").mkdir()
    with closing(sqlite3.connect(tmp_path / "feed.db", isolation_level=None)) as writer:
        writer.execute("PRAGMA cache_size = 1")  # so that pages are in the file before they are committed
        writer.execute("BEGIN")
        writer.execute("UPDATE prospects SET job_title = hex(randomblob(200))")
        writer.execute("DELETE FROM companies")
        for path in (tmp_path / "feed.db", tmp_path / "feed.db-journal"):
            shutil.copy(path, tmp_path / "killed")

    [held] = held_in(f"sqlite:///{tmp_path}/killed/feed.db")

    assert (held.companies, held.prospects) == (200, 600)
