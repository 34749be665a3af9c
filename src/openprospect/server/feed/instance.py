"""Which service this is. A database that comes from a backup is none until it is finished, and then another one than before."""

import tempfile
from pathlib import Path

from openprospect.server.core.errors import Misconfigured
from openprospect.server.core.timestamps import written
from openprospect.server.db.pool import Connection, Database
from openprospect.server.db.queries import beside

SQL = beside(__file__)


async def instance(database: Database) -> str:
    """Which service this is, whatever its address. Raises Misconfigured where it may not be served yet."""
    if not await database.value(SQL.has_schema):
        raise Misconfigured("The database has no tables yet. Run `openprospect migrate`.")
    found = await database.value(SQL.instance)
    if found is None:
        raise Misconfigured("The restore of this database was not finished. Run `openprospect restore` again before anything else.")
    return str(found)


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


async def make_way(database: Database) -> None:
    """See that a backup can be loaded: what an unfinished restore left goes. Raises Misconfigured in a database that is in use."""
    if not await database.value(SQL.has_schema):
        return
    if await database.value(SQL.instance) is not None:
        raise Misconfigured(
            "This database is in use already. Restore into an empty one: another OPENPROSPECT_DATA_DIR or OPENPROSPECT_DATABASE_URL."
        )
    async with database.transaction() as db:
        await db.execute(SQL.drop_schema)
        await db.execute(SQL.create_schema)


async def begin_anew(db: Connection, *, is_clock_right: bool = False) -> None:
    """Let feeds go on from this moment, so that no time is given twice, and open the database to a service of a new name.

    Raises Misconfigured where a feed is ahead of the clock, unless that is said to be right: then such a feed goes on an hour after its
    end. Ahead of the clock a feed moves by a microsecond a company, so nothing given since the backup can lie later than that.
    """
    latest = await db.value(SQL.latest_ahead)
    if latest is not None and not is_clock_right:
        raise Misconfigured(
            f"The backup goes up to {written(latest)}, which by the database's clock is yet to come. Set that clock first; "
            "where it is right, and was wrong when this was delivered, say --clock-is-right."
        )
    await db.execute(SQL.move_feeds_on)
    await db.execute(SQL.name_instance)
