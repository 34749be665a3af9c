"""Migrations: replayed on an empty database they give `schema.sql`, once only, and never on a database that is newer."""

import asyncio
import re
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import pytest

from openprospect.server.access.keys import ensure_default_organization
from openprospect.server.core.errors import Misconfigured, Unavailable
from openprospect.server.db.migrate import _refuse_old, migrate, migrations, next_file
from openprospect.server.db.pool import Database
from openprospect.server.db.schema import FILE, schema_of
from tests.databases import EMPTY, cloned


@pytest.fixture
async def empty(postgres):
    """The URL of a database with nothing in it."""
    async with cloned(postgres, EMPTY) as dsn:
        yield dsn


async def fetch(dsn, sql):
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(sql)
    await connection.close()
    return rows


async def applied(dsn):
    return [row["version"] for row in await fetch(dsn, "SELECT version FROM schema_migration ORDER BY version")]


async def test_replayed_on_an_empty_database_they_give_the_schema_that_is_committed(empty):
    await migrate(empty)
    assert schema_of(empty) == FILE.read_text(encoding="utf-8"), "run `python -m openprospect.server.db.schema`, and look at the change"


async def test_every_migration_is_applied_in_order_and_remembered(empty):
    version = await migrate(empty)
    assert await applied(empty) == [migration.version for migration in migrations()]
    assert version == migrations()[-1].version


async def test_migrating_again_changes_nothing(empty):
    await migrate(empty)
    before = await fetch(empty, "SELECT * FROM schema_migration")
    assert await migrate(empty) == migrations()[-1].version
    assert await fetch(empty, "SELECT * FROM schema_migration") == before


async def test_a_database_of_an_earlier_version_is_brought_up_step_by_step(empty, tmp_path):
    for migration in migrations():
        (tmp_path / f"{migration.version}.sql").write_text(migration.sql)
        assert await migrate(empty, folder=tmp_path) == migration.version
    assert await applied(empty) == [migration.version for migration in migrations()]


async def test_a_migration_that_meets_a_backup_says_so_and_changes_nothing(empty, tmp_path):
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE held (id integer)")
    await migrate(empty, folder=tmp_path)
    (tmp_path / "0002_second.sql").write_text("SET LOCAL lock_timeout = '50ms'; ALTER TABLE held ADD COLUMN name text")
    connection = await asyncpg.connect(empty)
    async with connection.transaction():
        await connection.execute("LOCK TABLE held IN ACCESS SHARE MODE")
        with pytest.raises(Unavailable, match="A backup, or somebody else, holds a table that migration 0002_second changes"):
            await migrate(empty, folder=tmp_path)
    await connection.close()
    assert await applied(empty) == ["0001_first"]


async def test_several_processes_may_migrate_at_once(empty):
    versions = await asyncio.gather(*(migrate(empty) for _ in range(4)))
    assert set(versions) == {migrations()[-1].version}
    assert await applied(empty) == [migration.version for migration in migrations()]


async def test_several_processes_may_make_the_default_organization_at_once(empty):
    await migrate(empty)
    async with await Database.open(empty, size=4) as database:
        await asyncio.gather(*(ensure_default_organization(database) for _ in range(8)))
        assert [row["name"] for row in await database.rows("SELECT name FROM organization")] == ["default"]


async def test_a_database_newer_than_the_code_is_refused_untouched(empty):
    await migrate(empty)
    await fetch(empty, "INSERT INTO schema_migration (version) VALUES ('9999_from_the_future')")
    before = schema_of(empty)
    with pytest.raises(Misconfigured, match=r"9999_from_the_future.*newer version"):
        await migrate(empty)
    assert schema_of(empty) == before


async def test_a_migration_that_fails_leaves_nothing_behind_and_can_be_run_again(empty, tmp_path):
    for name, sql in (("0001_good", "CREATE TABLE good ();"), ("0002_bad", "CREATE TABLE half (); SELECT 1 / 0;")):
        (tmp_path / f"{name}.sql").write_text(sql)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty, folder=tmp_path)
    assert await applied(empty) == ["0001_good"]
    assert {row["relname"] for row in await fetch(empty, "SELECT relname FROM pg_class WHERE relname IN ('good', 'half')")} == {"good"}
    (tmp_path / "0002_bad.sql").write_text("CREATE TABLE half ();")
    await migrate(empty, folder=tmp_path)
    assert await applied(empty) == ["0001_good", "0002_bad"]


@pytest.mark.parametrize("major", [9, 14])
def test_a_postgresql_that_is_too_old_is_refused(major):
    connection = SimpleNamespace(get_server_version=lambda: SimpleNamespace(major=major))
    with pytest.raises(Misconfigured, match=f"PostgreSQL {major} is too old"):
        _refuse_old(cast("Any", connection))


async def test_a_database_that_is_away_is_told_as_such(empty):
    with pytest.raises(Unavailable):
        await migrate(re.sub(r"host=[^&]*", "host=/nowhere", empty))


def test_migrations_are_numbered_without_gaps():
    assert [migration.version[:5] for migration in migrations()] == [f"{number:04}_" for number in range(1, len(migrations()) + 1)]


def test_a_new_migration_gets_the_next_number_and_a_plain_name():
    following = next_file("Add a  Column!")
    assert following.name == f"{len(migrations()) + 1:04}_add_a_column.sql"
    assert not following.exists()


def test_no_migration_ends_its_own_transaction_or_leaves_it():
    forbidden = re.compile(r"^\s*(BEGIN|COMMIT|ROLLBACK|END)\s*;|\bCONCURRENTLY\b", re.IGNORECASE | re.MULTILINE)
    body = re.compile(r"\$\$.*?\$\$|BEGIN ATOMIC.*?END;", re.DOTALL)
    without_bodies = {migration.version: body.sub("", migration.sql) for migration in migrations()}
    assert [version for version, sql in without_bodies.items() if forbidden.search(sql)] == []
