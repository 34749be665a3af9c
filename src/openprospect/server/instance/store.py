"""Which service this is, and what it has noted about itself in the database: one row, there once the database may be served."""

import tempfile
from pathlib import Path

from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.pool import Database
from openprospect.server.db.queries import beside

SQL = beside(__file__)


async def instance(database: Database) -> str:
    """Which service this is, whatever its address. Raises Misconfigured where it may not be served yet."""
    if not await has_schema(database):
        raise Misconfigured("The database has no tables yet. Run `openprospect migrate`.")
    found = await database.value(SQL.instance)
    if found is None:
        raise Misconfigured("The restore of this database was not finished. Run `openprospect restore` again before anything else.")
    return str(found)


async def has_schema(database: Database) -> bool:
    """Whether this is a database of ours, be it half restored."""
    return bool(await database.value(SQL.has_schema))


async def place_of_journals(database: Database, instance: str) -> Path:
    """A folder that all processes of this service on this machine know, and no other service."""
    return Path(tempfile.gettempdir()) / f"openprospect-{instance}-{await database.value(SQL.database_number)}"


async def place_of_erasure_log(database: Database) -> Path | None:
    """Where the service said that it writes down its erasures."""
    noted = await database.value(SQL.place_of_erasure_log)
    return Path(noted) if noted else None


async def note_erasure_log(database: Database, place: Path) -> None:
    """Let every command on this database write to the same file, wherever it is run."""
    await database.execute(SQL.note_erasure_log, str(place))
