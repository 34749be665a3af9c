"""The contract, and what is PostgreSQL's own."""

import uuid
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from openprospect.sync.destinations.opening import open_destination
from openprospect.sync.errors import DestinationRefused, TryLater
from tests.conftest import sibling
from tests.sync.columns_contract import ColumnsContract
from tests.sync.contract import SEARCH, assert_same, sync
from tests.sync.feed_server import FeedServer, company


class PostgresCopy:
    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.schema = f"Copy {uuid.uuid4().hex[:8]}"
        self.url = f"{dsn}{'&' if '?' in dsn else '?'}schema={self.schema.replace(' ', '%20')}"

    def rows(self, table: str) -> list[dict[str, Any]]:
        rows = self.run(f'SELECT *, to_char(delivered_at, \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\') AS stamp FROM {table}')
        return [{"delivered_at": row.pop("stamp"), **{name: row[name] for name in row if name != "delivered_at"}} for row in rows]

    def occupy(self) -> None:
        self.run(f'CREATE SCHEMA "{self.schema}"')
        self.run("CREATE TABLE companies AS SELECT 1 AS mine")

    def is_untouched(self) -> bool:
        tables = self.run("SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace", f'"{self.schema}"')
        return (tables, self.run("SELECT * FROM companies")) == ([{"relname": "companies"}], [{"mine": 1}])

    def run(self, statement: str, *values: object) -> list[dict[str, Any]]:
        with psycopg.connect(self._dsn, row_factory=dict_row, autocommit=True) as connection:
            connection.execute(f'SET search_path = "{self.schema}"')
            connection.execute("SET TIME ZONE 'UTC'")
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def copy(postgres: str) -> PostgresCopy:
    return PostgresCopy(postgres)


class TestPostgresql(ColumnsContract):
    @pytest.fixture
    def copy(self, postgres: str) -> PostgresCopy:
        return PostgresCopy(postgres)


def test_a_column_that_somebody_added_keeps_its_values_and_its_name(copy: PostgresCopy) -> None:
    with FeedServer() as server:
        server.feed(SEARCH).deliver(company(1))
        sync(copy, server)
        copy.run("ALTER TABLE companies ADD COLUMN owner text DEFAULT 'Ada'")
        server.feed(SEARCH).deliver(company(1, name="Renamed", attributes={"owner": "from the feed"}))
        sync(copy, server)
        assert_same(copy, server.feed(SEARCH))

    assert [(row["owner"], row["attribute_owner"]) for row in copy.rows("companies")] == [("Ada", "from the feed")]


def test_a_database_that_does_not_exist_needs_a_person(postgres: str) -> None:
    with pytest.raises(DestinationRefused, match="does not exist"):
        open_destination(sibling(postgres, "nowhere"))


def test_a_server_that_is_down_may_be_back_later() -> None:
    with pytest.raises(TryLater):
        open_destination("postgresql://127.0.0.1:1/none")


def test_no_message_holds_the_password() -> None:
    with pytest.raises(TryLater) as caught:
        open_destination("postgresql://ada:s3cret@127.0.0.1:1/none")
    assert "s3cret" not in str(caught.value)
