"""PostgreSQL in use by others, in another encoding, or with tables that somebody changed: how a run ends, and what it says."""

import os
import re
import secrets
import uuid
from collections.abc import Iterator

import psycopg
import pytest

from openprospect.sync.destinations.opening import open_destination
from openprospect.sync.errors import Busy, DestinationRefused
from tests.conftest import sibling
from tests.sync.contract import SEARCH, assert_same, sync
from tests.sync.feed_server import FeedServer, company, person
from tests.sync.test_postgresql import PostgresCopy


@pytest.fixture
def copy(postgres: str) -> PostgresCopy:
    copy = PostgresCopy(postgres)
    copy.url += "&options=-c%20lock_timeout%3D100ms"
    return copy


@pytest.mark.parametrize("statement", ["SELECT * FROM {}.companies", "UPDATE {}.companies SET name = 'Mine'", "SELECT * FROM {}.rated"])
def test_whoever_has_left_a_transaction_open_is_named_and_keeps_nobody_waiting(
    copy: PostgresCopy, postgres: str, server: FeedServer, statement: str
) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(company(1, attributes={"stars": 4}))
    sync(copy, server)
    copy.run("CREATE VIEW rated AS SELECT stars FROM companies")
    with psycopg.connect(postgres, application_name="report") as reader:
        reader.execute(statement.format(f'"{copy.schema}"'))
        feed.deliver(company(1, attributes={"stars": "four"}))

        error = sync(copy, server).error

        assert isinstance(error, Busy)
        assert f"process {reader.info.backend_pid} of the server (report, user {reader.info.user}) has its tables open" in error.message
        assert len(copy.rows("companies")) == 1

    assert sync(copy, server).error is None
    assert_same(copy, feed)


def test_how_long_a_sync_waits_for_a_lock_has_a_bound_of_its_own(postgres: str) -> None:
    url = PostgresCopy(postgres).url
    with_own = open_destination(url)._database  # type: ignore[attr-defined]
    assert with_own.query("SHOW lock_timeout") == [("10s",)]
    with_own.close()


def test_a_condition_that_somebody_put_on_people_is_named_and_nobody_who_breaks_it(copy: PostgresCopy, server: FeedServer) -> None:
    sync(copy, server)
    copy.run("ALTER TABLE prospects ADD CONSTRAINT mine CHECK (email NOT LIKE '%secret%')")
    server.feed(SEARCH).deliver(company(1, prospects=[person(1, 0, email="maria@secret.example")]))

    error = sync(copy, server).error

    assert isinstance(error, DestinationRefused)
    assert error.message.endswith('new row for relation "prospects" violates check constraint "mine"')


def test_a_row_that_is_too_large_for_an_index_of_somebody_s_needs_a_person(copy: PostgresCopy, server: FeedServer) -> None:
    sync(copy, server)
    copy.run("CREATE INDEX by_name ON companies (name)")
    server.feed(SEARCH).deliver(company(1, name=secrets.token_hex(3000)))

    error = sync(copy, server).error

    assert isinstance(error, DestinationRefused)
    assert 'for index "by_name"' in error.message


@pytest.fixture
def encoded(request: pytest.FixtureRequest, postgres: str) -> Iterator[PostgresCopy]:
    name = f"encoded_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{request.param}' LOCALE_PROVIDER libc LOCALE 'C'")
        yield PostgresCopy(sibling(postgres, name))
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("encoded", ["SQL_ASCII", "LATIN1"], indirect=True)
def test_a_database_of_another_encoding_takes_what_that_can_hold(
    encoded: PostgresCopy, server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(company(1, name="Hôtel Zürich", attributes={"größe": "groß"}))
    sync(encoded, server)
    feed.deliver(company(2))

    assert sync(encoded, server).error is None

    monkeypatch.setitem(os.environ, "PGCLIENTENCODING", "UTF8")  # of whoever looks into it
    assert_same(encoded, feed)


@pytest.mark.parametrize("encoded", ["LATIN1"], indirect=True)
def test_what_it_cannot_hold_is_refused(encoded: PostgresCopy, server: FeedServer) -> None:
    server.feed(SEARCH).deliver(company(1, name="Żółć"))

    error = sync(encoded, server).error

    assert isinstance(error, DestinationRefused)
    assert re.search(r"its encoding lacks a character of the feed. Keep the copy in a database whose encoding is UTF8", error.message)
