"""Brings a database to the newest schema: the files of `migrations/`, in order, forward only."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from openprospect.server.core.errors import Misconfigured, Unavailable
from openprospect.server.db.connecting import alone
from openprospect.server.db.tenants import ensure_role

_FOLDER = Path(__file__).with_name("migrations")
_LOCK = 0x6F70656E70726F73
_OLDEST_SUPPORTED = 150000


@dataclass(frozen=True, slots=True)
class Migration:
    version: str
    sql: str


def migrations(folder: Path = _FOLDER) -> list[Migration]:
    """All of them, oldest first; the version is the file's name without its ending."""
    return [Migration(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("[0-9]*.sql"))]


async def migrate(dsn: str, *, folder: Path = _FOLDER) -> str:
    """Apply what is missing, each in a transaction of its own; answers the version the database now has."""
    known = migrations(folder)
    async with alone(dsn) as connection:
        _refuse_old(connection)
        async with exclusively(connection):
            await connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_migration (version text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
            )
            applied = {row["version"] for row in await connection.fetch("SELECT version FROM schema_migration")}
            for migration in _missing(known, applied):
                await _apply(connection, migration)
            await ensure_role(connection)
    return known[-1].version


async def check_version(dsn: str) -> None:
    """Raises Misconfigured where the schema is another version's than this one's."""
    async with alone(dsn) as connection:
        applied = {row["version"] for row in await connection.fetch("SELECT version FROM schema_migration")}
    missing = list(_missing(migrations(), applied))
    if missing:
        raise Misconfigured(
            f"The database has yet to be brought to this version: it lacks {missing[0].version}. Run `openprospect migrate`."
        )


@asynccontextmanager
async def exclusively(connection: "asyncpg.Connection[asyncpg.Record]") -> AsyncIterator[None]:
    """Change the schema as the only one: whoever else would waits."""
    await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    try:
        yield
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)


def _missing(known: Sequence[Migration], applied: set[str]) -> Iterator[Migration]:
    unknown = applied - {migration.version for migration in known}
    if unknown:
        raise Misconfigured(
            f"The database was last used by a newer OpenProspect: it has migration {max(unknown)}, this version ends at "
            f"{known[-1].version}. Install that newer version, or restore a backup made before the upgrade."
        )
    return (migration for migration in known if migration.version not in applied)


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", migration: Migration) -> None:
    try:
        async with connection.transaction():
            # A migration that waits for a lock holds up everybody who queues behind it: better to fail and be run again.
            await connection.execute("SET LOCAL lock_timeout = '5s'")
            await connection.execute(migration.sql)
            await connection.execute("INSERT INTO schema_migration (version) VALUES ($1)", migration.version)
    except asyncpg.LockNotAvailableError:
        raise Unavailable(
            f"A backup, or somebody else, holds a table that migration {migration.version} changes, so it was not applied. "
            "Try again once that is done."
        ) from None


def _refuse_old(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    version = connection.get_server_version()
    if version.major * 10000 < _OLDEST_SUPPORTED:
        raise Misconfigured(f"PostgreSQL {version.major} is too old: OpenProspect needs 15 or later.")


def next_file(name: str) -> Path:
    """The path a new migration of this name gets."""
    number = len(migrations()) + 1
    return _FOLDER / f"{number:04}_{re.sub(r'[^a-z0-9]+', '_', name.lower()).strip('_')}.sql"
