"""The contract, and what is DuckDB's own."""

import io
import os
import signal
import struct
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pytest

from openprospect.sync.batch import Batch, Source
from openprospect.sync.client import Client
from openprospect.sync.destinations.duckdb_file import DuckFile
from openprospect.sync.destinations.opening import open_destination
from openprospect.sync.engine import run
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

    def run(self, statement: str) -> None:
        with duckdb.connect(self._path) as connection:
            connection.execute(statement)


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

    open_destination(copy.url).close()

    assert b"gone@secret.example" not in path.read_bytes()
    assert {found.name for found in tmp_path.iterdir()} == {"feed.duckdb", "feed.duckdb.lock"}
    assert_same(copy, feed)


def test_nobody_else_can_read_what_lies_beside_the_file_and_nothing_of_it_outlives_a_killed_run(tmp_path: Path) -> None:
    path = tmp_path / "feed.duckdb"
    open_destination(f"duckdb:///{path}").close()
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE mine AS SELECT uuid() AS id FROM range(1000); CREATE TABLE openprospect_sync_leftovers (i INT)")
    killed = subprocess.run([sys.executable, "-c", _KILLED_AS_IT_RENAMES, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    exposed = [found for found in tmp_path.rglob("*") if found.is_file() and is_open_to_others(found, tmp_path)]
    assert {found.name for found in exposed} <= {"feed.duckdb", "feed.duckdb.wal", "feed.duckdb.lock"}
    assert list(tmp_path.glob("feed.duckdb.openprospect/*/*"))

    open_destination(f"duckdb:///{path}").close()

    assert {found.name for found in tmp_path.iterdir()} == {"feed.duckdb", "feed.duckdb.lock"}
    with duckdb.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM mine").fetchall() == [(1000,)]


def test_nor_what_memory_is_too_small_for(tmp_path: Path) -> None:
    with closing(DuckFile(tmp_path / "feed.duckdb", read_only=False)) as file:
        file.connection.execute(
            "SET memory_limit = '48MB'; CREATE TEMPORARY TABLE large AS SELECT uuid()::VARCHAR AS id FROM range(1500000)"
        )
        spilled = [found for found in tmp_path.rglob("*") if found.is_file() and found.name != "feed.duckdb"]
        assert spilled
        assert not [found for found in spilled if is_open_to_others(found, tmp_path)]


def test_what_another_program_had_not_yet_put_into_the_file_may_be_more_than_memory_holds(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _DYING, str(tmp_path / "feed.duckdb")], check=True)
    assert (tmp_path / "feed.duckdb.wal").stat().st_size > 16_000_000

    with closing(DuckFile(tmp_path / "feed.duckdb", read_only=False, memory_limit="16MB")) as file:
        assert file.connection.execute("SELECT count(*) FROM theirs").fetchall() == [(200_000,)]


def is_open_to_others(path: Path, top: Path) -> bool:
    return all(found.stat().st_mode & 0o077 for found in (path, *path.parents) if found.is_relative_to(top) and found != top)


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


def test_whom_a_list_lets_read_the_file_may_read_it_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "feed.duckdb"
    open_destination(f"duckdb:///{path}").close()
    entries = [(0x01, 6, -1), (0x02, 4, 12345), (0x04, 0, -1), (0x10, 4, -1), (0x20, 0, -1)]
    readers = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    try:
        os.setxattr(path, "system.posix_acl_access", readers)
    except OSError as error:
        pytest.skip(f"{tmp_path} knows no access lists ({error}): TMPDIR names a folder on another file system")

    write_anew(path)

    assert os.getxattr(path, "system.posix_acl_access") == readers


@pytest.mark.parametrize("name", ["openprospect_fresh.duckdb", 'it\'s "mine".duckdb', "feed anew.duckdb"])
def test_a_file_of_any_name_can_be_written_anew(tmp_path: Path, name: str) -> None:
    open_destination(f"duckdb:///{quote(str(tmp_path / name))}").close()
    before = (tmp_path / name).stat().st_ino

    write_anew(tmp_path / name)

    assert (tmp_path / name).stat().st_ino != before


def write_anew(path: Path) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE openprospect_sync_leftovers (i INT)")
    open_destination(f"duckdb:///{quote(str(path))}").close()


def test_whoever_opens_the_file_as_it_is_written_anew_loses_nothing_and_fails_no_run(tmp_path: Path) -> None:
    path = tmp_path / "feed.duckdb"
    with FeedServer() as server, Client(server.url, KEY) as client:
        feed = server.feed(SEARCH)
        with closing(open_destination(f"duckdb:///{path}")) as destination:
            feed.deliver(company(1))
            list(run([SEARCH], destination, client))
            with subprocess.Popen([sys.executable, "-c", _WRITING, str(path), "40"], stdout=subprocess.PIPE, text=True) as writer:
                while writer.poll() is None:
                    feed.deliver(company(1))
                    [summary] = run([SEARCH], destination, client)
                    assert summary.error is None
                [written] = (writer.stdout or io.StringIO()).read().split()

    with duckdb.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM theirs").fetchall() == [(int(written),)]


def test_a_broken_file_is_not_taken_for_one_that_is_open_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "feed.duckdb"
    open_destination(f"duckdb:///{path}").close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(8192))
    with pytest.raises(DestinationRefused, match="cannot be used as a DuckDB file"):
        open_destination(f"duckdb:///{path}")
    assert not list(path.parent.glob("*.openprospect"))


_KILLED_AS_IT_RENAMES = """
import os, signal, sys
from openprospect.sync.destinations.opening import open_destination
sys.addaudithook(lambda event, _: os.kill(os.getpid(), signal.SIGKILL) if event == "os.rename" else None)
open_destination(f"duckdb:///{sys.argv[1]}")
"""
_DYING = """
import os, sys, duckdb
connection = duckdb.connect(sys.argv[1], config={"checkpoint_threshold": "10GB"})
connection.execute("CREATE TABLE theirs (text VARCHAR)")
for _ in range(4):
    connection.execute("INSERT INTO theirs SELECT repeat(uuid()::VARCHAR, 3) FROM range(50000)")
os._exit(0)
"""
_WRITING = """
import sys, duckdb
written = 0
for _ in range(int(sys.argv[2])):
    try:
        with duckdb.connect(sys.argv[1]) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS theirs (i INT); INSERT INTO theirs VALUES (1)")
            written += 1
    except duckdb.IOException:
        pass
print(written)
"""
