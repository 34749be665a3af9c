"""SQL databases whose owner changes the tables of the sync: what it mends, what it says, and what it never says."""

import re
from contextlib import closing
from pathlib import Path

import pytest

from openprospect.sync.client import Client
from openprospect.sync.destinations.opening import open_destination
from openprospect.sync.engine import run
from openprospect.sync.errors import DestinationRefused
from tests.sync.conftest import SqlCopy
from tests.sync.contract import OTHER_SEARCH, SEARCH, assert_same, sync
from tests.sync.feed_server import KEY, FeedServer, company, person
from tests.sync.test_duckdb import DuckdbCopy


def test_a_full_run_removes_people_whose_company_is_missing(sql_copy: SqlCopy, server: FeedServer) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(company(1), company(2))
    sync(sql_copy, server)
    sql_copy.run("DELETE FROM companies")
    feed.withdraw(company(1)["id"])

    assert sync(sql_copy, server, full=True).error is None

    assert_same(sql_copy, feed)
    assert feed.confirmed[-1] == feed.watermark


def test_no_bytes_of_such_people_stay_in_the_file(tmp_path: Path, server: FeedServer) -> None:
    copy, feed = DuckdbCopy(tmp_path / "feed.duckdb"), server.feed(SEARCH)
    server.feed(OTHER_SEARCH).deliver(*[company(n) for n in range(50)])
    sync(copy, server, search_id=OTHER_SEARCH)
    feed.deliver(company(1, prospects=[person(1, 0, email="gone@secret.example")]))
    sync(copy, server)
    copy.run("DELETE FROM companies")
    feed.withdraw(company(1)["id"])

    sync(copy, server, full=True)

    assert b"gone@secret.example" not in (tmp_path / "feed.duckdb").read_bytes()


def test_a_key_that_somebody_put_on_people_ends_a_run_without_telling_who_they_are(sql_copy: SqlCopy, server: FeedServer) -> None:
    sync(sql_copy, server)
    sql_copy.run("CREATE UNIQUE INDEX mine ON prospects (email)")
    server.feed(SEARCH).deliver(company(1, prospects=[person(1, n, email="maria@secret.example") for n in range(2)]))

    assert_refused_in_silence(sql_copy, server, "(?i)(unique|key).*(prospects|mine)")


@pytest.mark.parametrize("sql_copy", ["duckdb", "postgresql"], indirect=True)
@pytest.mark.parametrize(("table", "column"), [("prospects", "email"), ("companies", "name")])
def test_nor_does_a_type_that_somebody_gave_a_column(sql_copy: SqlCopy, server: FeedServer, table: str, column: str) -> None:
    server.feed(SEARCH).deliver(company(1))
    sync(sql_copy, server)
    sql_copy.run(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE integer USING NULL::integer")
    server.feed(SEARCH).deliver(company(1, name="maria", prospects=[person(1, 0, email="maria@secret.example")]))

    assert_refused_in_silence(sql_copy, server, f"(?i)table {table}: .*(invalid text representation|could not convert string)")


def test_an_attribute_s_column_that_somebody_took_away_comes_back_with_all_its_values(sql_copy: SqlCopy, server: FeedServer) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(company(1, attributes={"Ömer": "a", "city": "Köln"}), company(2, attributes={"Ömer": "b", "city": "Bonn"}))
    sync(sql_copy, server)
    sql_copy.run('ALTER TABLE companies DROP COLUMN "Ömer"')
    feed.deliver(company(1, attributes={"Ömer": 1, "city": "Köln"}))

    assert sync(sql_copy, server).error is None

    assert sorted((row["Ömer"], row["city"]) for row in sql_copy.rows("companies")) in (
        [(1, "Köln"), ("b", "Bonn")],
        [("1", "Köln"), ("b", "Bonn")],
    )
    assert_same(sql_copy, feed)
    assert sync(sql_copy, server).companies == 0


def test_a_search_that_does_not_fit_keeps_no_other_out(sql_copy: SqlCopy, server: FeedServer) -> None:
    sync(sql_copy, server)
    sql_copy.run("CREATE UNIQUE INDEX mine ON prospects (email)")
    server.feed(OTHER_SEARCH).deliver(company(1, prospects=[person(1, n, email="maria@secret.example") for n in range(2)]))
    server.feed(SEARCH).deliver(company(2))

    with Client(server.url, KEY) as client, closing(open_destination(sql_copy.url)) as destination:
        refused, taken = run([OTHER_SEARCH, SEARCH], destination, client)

    assert (refused.exit_code, taken.error) == (2, None)
    assert_same(sql_copy, server.feed(SEARCH))


def assert_refused_in_silence(copy: SqlCopy, server: FeedServer, expected: str) -> None:
    error = sync(copy, server).error
    assert isinstance(error, DestinationRefused)
    assert re.search(expected, error.message)
    assert "maria" not in error.message
