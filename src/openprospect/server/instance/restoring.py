"""A database on its way from a backup to a service: empty, then loaded and marked with its backup, then named.

Nothing is ever dropped: a load is one transaction, so one that was cut short has left nothing, and one that came through is finished later.
"""

from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.pool import Connection, Database
from openprospect.server.db.queries import beside
from openprospect.server.instance.store import has_schema

SQL = beside(__file__)

_SHOWN = 3


def marking(backup: str) -> str:
    """The statements that end a load, in its transaction: they say which backup this is, by its fingerprint in hexadecimal."""
    # The dump has put our schema out of the way.
    return f"RESET search_path;\nCOMMENT ON TABLE instance IS '{backup}';\n"


async def needs_loading(database: Database, backup: str) -> bool:
    """Whether the database is empty; else this very backup is loaded already, and not finished. Raises Misconfigured in any other."""
    if not await has_schema(database):
        await _refuse_others_things(database)
        return True
    if await database.value(SQL.instance) is not None:
        raise Misconfigured(
            "This database is in use already. Restore into an empty one: another OPENPROSPECT_DATA_DIR or OPENPROSPECT_DATABASE_URL."
        )
    if await database.value(SQL.loaded_backup) != backup:
        raise Misconfigured(
            "This database was loaded from another backup, and that restore was not finished. Name that file to finish it, or restore "
            "into an empty database: another OPENPROSPECT_DATA_DIR or OPENPROSPECT_DATABASE_URL."
        )
    return False


async def name_instance(db: Connection) -> None:
    """Open the database to a service that nobody has met before."""
    await db.execute(SQL.name_instance)
    await db.execute(SQL.forget_backup)


async def _refuse_others_things(database: Database) -> None:
    names = [row["name"] for row in await database.rows(SQL.what_is_there)]
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        raise Misconfigured(
            f"The database is not empty: it holds {', '.join(names[:_SHOWN])}{more}. A backup is restored into a database of its own: "
            "make a new one, and name it in OPENPROSPECT_DATABASE_URL."
        )
