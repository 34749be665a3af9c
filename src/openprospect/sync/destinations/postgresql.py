"""PostgreSQL: COPY into staging, then one upsert, inside one transaction; one run at a time by an advisory lock."""

# ruff: noqa: S608 - statements are made of our own text and quoted names; values are always bound

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, LiteralString
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlunsplit

import msgspec
import psycopg
from psycopg import errors, sql

from openprospect.sync.destinations.base import Held
from openprospect.sync.destinations.columns import Column, Kind
from openprospect.sync.destinations.copytext import copy_text
from openprospect.sync.destinations.database import listed, quoted
from openprospect.sync.destinations.frames import COMPANIES, PROSPECTS, Frame
from openprospect.sync.destinations.postgresql_errors import translated, written_to
from openprospect.sync.destinations.sql import SqlDestination, held_in_database
from openprospect.sync.destinations.url import parts_of
from openprospect.sync.destinations.views import taken_down
from openprospect.sync.errors import Busy, DestinationRefused
from openprospect.sync.retry import Retry

_KEY = {"prospect_search_id", "id"}
_SCHEMA = "(SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
_LOCK_CLASS, _LOCK_OBJECT = 0x6F70726F, f"mod({_SCHEMA}::bigint, 2147483648)"  # "opro", and the schema
# A run that was just killed may leave its server process behind for a moment.
_LOCK_SECONDS = 3.0
_LOCK_TIMEOUT = "10s"


class PostgresDatabase:
    types: ClassVar[Mapping[Kind, str]] = {
        Kind.BOOLEAN: "boolean",
        Kind.BIGINT: "bigint",
        Kind.DOUBLE: "double precision",
        Kind.TEXT: "text",
        Kind.JSON: "jsonb",
    }
    moment_type = "timestamptz"
    has_indexes = True
    is_among = "= ANY(ARRAY(SELECT jsonb_array_elements_text(?::jsonb)))"
    way_out = "keep the copy in a schema of its own by adding ?schema=NAME to the URL"

    def __init__(self, url: str, *, read_only: bool) -> None:
        address, password, schema = _split(url)
        parts = parts_of(address)
        if "@" in parts.path:
            raise DestinationRefused(
                "The URL of PostgreSQL breaks off within its password: write / as %2F, @ as %40, : as %3A, ? as %3F and # as %23."
            )
        self.name = f"PostgreSQL {parts.hostname or ''}{parts.path}{f' schema {schema}' if schema else ''}"
        with translated(self.name):
            self._connection = psycopg.connect(
                address,
                password=password,
                autocommit=True,
                client_encoding="utf8",  # whatever the database's own is
                connect_timeout=10,
                application_name=f"openprospect sync (process {os.getpid()} on {socket.gethostname()})",
            )
            try:
                self._prepare(schema, read_only=read_only)
            except BaseException:
                self._connection.close()
                raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with translated(self.name):
            try:
                with self._connection.transaction():
                    yield
            except errors.LockNotAvailable as error:
                raise Busy(f"{self.name} was locked for too long{self._told_blocker()}.") from error

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._run(statement, values).fetchall()

    def execute(self, statement: str, *values: object) -> int:
        return self._run(statement, values).rowcount

    def id_list(self, ids: list[str]) -> object:
        return msgspec.json.encode(ids).decode()  # One value: a list is bound element by element.

    def tables(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for table, column in self.query(
            "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            f" WHERE c.relnamespace = {_SCHEMA} AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'i'"
        ):
            found.setdefault(table.casefold(), set()).add(column.casefold())
        return found

    def retype(self, table: str, old: Column, new: Column) -> None:  # noqa: ARG002 - the database knows the old type
        name = quoted(new.name)
        converted = f"to_jsonb({name})" if new.kind is Kind.JSON else f"{name}::{self.types[new.kind]}"
        with taken_down(self.query, self.execute, table, new.name):
            self.execute(f"ALTER TABLE {table} ALTER COLUMN {name} TYPE {self.types[new.kind]} USING {converted}")

    def upsert(self, table: str, frame: Frame) -> None:
        names = listed(frame.columns)
        changes = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in frame.columns if name not in _KEY)
        self.execute(f"CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA")
        with written_to(self.name, table):
            self._copy(frame, into="incoming")
            self.execute(
                f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming ON CONFLICT (prospect_search_id, id) DO UPDATE SET {changes}"
            )
        self.execute("DROP TABLE incoming")

    def append(self, table: str, frame: Frame) -> None:
        with written_to(self.name, table):
            self._copy(frame, into=table)

    def note_removal(self) -> None:
        pass

    def clear(self) -> None:
        """Nothing: autovacuum is the server's, and what copies and logs it keeps are not known here."""

    def close(self) -> None:
        self._connection.close()

    def _copy(self, frame: Frame, *, into: str) -> None:
        statement = f"COPY {into} ({listed(frame.columns)}) FROM STDIN"
        with self._connection.cursor() as cursor, cursor.copy(_trusted(statement)) as copy:
            for block in copy_text(frame):
                copy.write(block)

    def _prepare(self, schema: str | None, *, read_only: bool) -> None:
        self.execute("SET TIME ZONE 'UTC'")
        # A statement that waits for a transaction somebody left open has everybody who comes after it wait, too.
        self.execute("SELECT set_config('lock_timeout', ?, false) WHERE current_setting('lock_timeout') = '0'", _LOCK_TIMEOUT)
        # Ends a statement whose client was killed, so that the next run need not wait for it.
        self.execute("SET client_connection_check_interval = '1s'")
        # To create one that is there asks for the right to create it all the same.
        if schema and not read_only and self.query("SELECT to_regnamespace(quote_ident(?)) IS NULL", schema) == [(True,)]:
            self._connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
        if schema:
            self._connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(schema)))
        if self.query("SELECT current_schema() IS NULL") == [(True,)]:
            raise DestinationRefused(f"{self.name} has no such schema.")
        if read_only:
            self.execute("SET default_transaction_read_only = on")
        else:
            self._lock()

    def _lock(self) -> None:
        patience = time.monotonic() + _LOCK_SECONDS
        while self.query(f"SELECT pg_try_advisory_lock(?, {_LOCK_OBJECT}::int)", _LOCK_CLASS) != [(True,)]:
            if time.monotonic() > patience:
                raise Busy(f"{self.name} is being synced by {self._holder()}.")
            time.sleep(0.1)

    def _holder(self) -> str:
        rows = self.query(
            "SELECT a.application_name, a.backend_start::text FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE l.locktype = 'advisory' AND l.classid = ? AND l.granted AND l.database = (SELECT oid FROM pg_database"
            f" WHERE datname = current_database()) AND l.objid = {_LOCK_OBJECT}::oid",
            _LOCK_CLASS,
        )
        return f"{rows[0][0]}, connected since {rows[0][1]}" if rows else "another run"

    def _told_blocker(self) -> str:
        """Who has the tables open: whoever writes before whoever reads, and the longest first."""
        rows = self.query(
            "SELECT a.pid, coalesce(nullif(a.application_name, ''), 'no application name'), a.usename,"
            " coalesce(a.xact_start::text, 'a time that its owner alone may see')"
            f" FROM pg_class c JOIN pg_locks l ON l.relation = c.oid JOIN pg_stat_activity a USING (pid) WHERE c.relnamespace = {_SCHEMA}"
            " AND c.relname IN (?, ?) AND l.database = a.datid AND l.granted AND pid <> pg_backend_pid()"
            " ORDER BY l.mode = 'AccessShareLock', a.xact_start LIMIT 1",
            COMPANIES,
            PROSPECTS,
        )
        told = ": process {} of the server ({}, user {}) has its tables open, in a transaction that began at {}"
        return told.format(*rows[0]) if rows else ""

    def _run(self, statement: str, values: tuple[object, ...]) -> psycopg.Cursor[tuple[Any, ...]]:
        if not values:
            return self._connection.execute(_trusted(statement))
        return self._connection.execute(_trusted(statement.replace("?", "%s")), values)


def open_destination(url: str, _retry: Retry) -> SqlDestination:
    return SqlDestination(PostgresDatabase(url, read_only=False)).prepared()


def held_in(url: str) -> list[Held]:
    return held_in_database(PostgresDatabase(url, read_only=True))


def _trusted(statement: str) -> LiteralString:
    """Statements are built from our own text and quoted names; values are always bound."""
    return statement


def _split(url: str) -> tuple[str, str | None, str | None]:
    """The address as libpq takes it, the password, which it would quote from an address, and the schema, which is ours."""
    parts = parts_of(url)
    user_info, at, hosts = parts.netloc.rpartition("@")
    user, _, password = user_info.partition(":")
    settings = parse_qsl(parts.query, keep_blank_values=True)
    schema = dict(settings).get("schema") or None
    query = urlencode([(name, value) for name, value in settings if name != "schema"], quote_via=quote)
    return urlunsplit(parts._replace(netloc=f"{user}{at}{hosts}", query=query)), unquote(password) or None, schema
