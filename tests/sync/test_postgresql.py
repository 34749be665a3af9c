"""The contract, and what is PostgreSQL's own."""

import re
import uuid
from collections.abc import Iterator
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


def test_a_schema_that_somebody_made_takes_no_right_to_make_one(copy: PostgresCopy, server: FeedServer) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(company(1))
    copy.run(f'CREATE SCHEMA "{copy.schema}"; CREATE ROLE loader; GRANT USAGE, CREATE ON SCHEMA "{copy.schema}" TO loader')
    copy.url = f"{copy.url}&options=-c%20role%3Dloader"
    try:
        assert sync(copy, server).error is None
        assert_same(copy, feed)
    finally:
        copy.run("DROP OWNED BY loader CASCADE; DROP ROLE loader")


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


def test_views_over_a_column_that_becomes_wider_are_there_afterwards_as_they_were(copy: PostgresCopy) -> None:
    with FeedServer() as server:
        feed = server.feed(SEARCH)
        feed.deliver(company(1, attributes={"stars": 4}))
        sync(copy, server)
        copy.run("CREATE VIEW rated WITH (security_barrier) AS SELECT name, stars, stars + 1 AS better FROM companies")
        copy.run('CREATE VIEW "Best" AS SELECT max(better) AS best FROM rated')
        copy.run("COMMENT ON VIEW rated IS 'Ada''s'; COMMENT ON COLUMN rated.stars IS 'of five'")
        copy.run("GRANT SELECT ON rated TO PUBLIC; GRANT UPDATE (name) ON rated TO pg_read_all_stats WITH GRANT OPTION")
        copy.run("ALTER VIEW rated OWNER TO pg_monitor; GRANT SELECT ON companies TO pg_monitor")
        before = copy.run(_VIEWS)
        feed.deliver(company(2, attributes={"stars": 4.5}))

        assert sync(copy, server).error is None

        assert_same(copy, feed)
        assert copy.run(_VIEWS) == before
        assert copy.run('SELECT best FROM "Best"') == [{"best": 5.5}]


@pytest.fixture
def generous(copy: PostgresCopy) -> Iterator[PostgresCopy]:
    """A place where every view that is made may be read by everybody, and changed by one role."""
    copy.run(f'CREATE SCHEMA "{copy.schema}"')
    copy.run("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO pg_monitor")
    yield copy
    copy.run("ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM PUBLIC; ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM pg_monitor")


def test_a_view_that_is_put_up_again_gets_no_rights_that_it_did_not_have(generous: PostgresCopy) -> None:
    copy = generous
    with FeedServer() as server:
        feed = server.feed(SEARCH)
        feed.deliver(company(1, attributes={"stars": 4}))
        sync(copy, server)
        copy.run("CREATE VIEW closed AS SELECT stars FROM companies; REVOKE ALL ON closed FROM PUBLIC, pg_monitor")
        copy.run("CREATE VIEW lent AS SELECT name, stars FROM companies; REVOKE ALL ON lent FROM PUBLIC, pg_monitor, CURRENT_USER")
        copy.run("GRANT SELECT ON lent TO pg_read_all_stats WITH GRANT OPTION; GRANT SELECT ON lent TO CURRENT_USER")
        copy.run("CREATE VIEW handed_over AS SELECT stars FROM companies; ALTER VIEW handed_over OWNER TO pg_read_all_settings")
        copy.run("GRANT SELECT ON handed_over TO CURRENT_USER; CREATE VIEW open AS SELECT stars FROM companies")
        before = copy.run(_VIEWS)
        feed.deliver(company(2, attributes={"stars": 4.5}))

        assert sync(copy, server).error is None

        assert copy.run(_VIEWS) == before
        assert_same(copy, feed)


def test_a_view_that_does_not_show_the_wider_column_is_never_taken_down(copy: PostgresCopy) -> None:
    with FeedServer() as server:
        feed = server.feed(SEARCH)
        feed.deliver(company(1, attributes={"stars": 4}))
        sync(copy, server)
        copy.run("CREATE MATERIALIZED VIEW named AS SELECT name FROM companies; CREATE VIEW counted AS SELECT count(*) FROM companies")
        copy.run("CREATE VIEW rated AS SELECT stars FROM companies")
        oids = "SELECT relname, oid FROM pg_class WHERE relname IN ('named', 'counted') ORDER BY 1"
        before = copy.run(oids)
        feed.deliver(company(2, attributes={"stars": 4.5}))

        assert sync(copy, server).error is None

        assert copy.run(oids) == before
        assert copy.run("SELECT * FROM rated ORDER BY 1") == [{"stars": 4}, {"stars": 4.5}]


def test_a_view_that_does_not_fit_the_wider_column_is_named_and_left_as_it_is(copy: PostgresCopy) -> None:
    with FeedServer() as server:
        feed = server.feed(SEARCH)
        feed.deliver(company(1, attributes={"stars": 4}))
        sync(copy, server)
        copy.run("CREATE VIEW average AS SELECT avg(stars) FROM companies")
        feed.deliver(company(2, attributes={"stars": "four"}))

        error = sync(copy, server).error

        assert isinstance(error, DestinationRefused)
        assert re.search(r"column of companies has to become wider, which .*average does not allow: function avg\(text\)", error.message)
        assert copy.run("SELECT * FROM average") == [{"avg": 4}]
        copy.run("DROP VIEW average")
        assert sync(copy, server).error is None
        assert_same(copy, feed)


def test_what_is_more_than_a_view_is_named_and_left_as_it_is(copy: PostgresCopy) -> None:
    with FeedServer() as server:
        feed = server.feed(SEARCH)
        feed.deliver(company(1, attributes={"stars": 4}))
        sync(copy, server)
        copy.run("CREATE MATERIALIZED VIEW rated AS SELECT stars FROM companies")
        feed.deliver(company(2, attributes={"stars": 4.5}))

        error = sync(copy, server).error

    assert isinstance(error, DestinationRefused)
    assert re.search(r"rated over it is materialized, .* Drop it, sync, and create it again", error.message)
    assert copy.run("SELECT * FROM rated") == [{"stars": 4}]


_VIEWS = """
SELECT relname, reloptions, relowner, obj_description(oid), col_description(oid, 2),
  ARRAY(SELECT item::text FROM unnest(relacl) item ORDER BY 1) AS grants,
  (SELECT attacl::text FROM pg_attribute WHERE attrelid = c.oid AND attname = 'name') AS grants_of_name
FROM pg_class c WHERE relnamespace = quote_ident(current_schema())::regnamespace AND relkind = 'v' ORDER BY 1
"""
