"""Splits the tables that grow with the feeds into hash partitions by `prospect_search_id`: rows, keys, indexes, all in one transaction."""

from typing import TypeAlias

import asyncpg

from openprospect.server.core.errors import Misconfigured, Unavailable
from openprospect.server.db.connecting import alone
from openprospect.server.db.migrate import exclusively
from openprospect.server.db.queries import beside

SQL = beside(__file__)

KEY = "prospect_search_id"
TABLES = ("delivery", "company", "prospect", "tally", "delivery_hour", "walk", "receipt", "receipt_step", "erasure_place", "history")
MOST = 128
"""So many can be made in one transaction with the locks that PostgreSQL has room for unless told otherwise."""

_Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def split(dsn: str, *, into: int, patience_seconds: float = 5) -> int:
    """Move every row into so many partitions; 1 makes plain tables again. Answers how many there were before.

    Nobody else can use the tables meanwhile. Raises Misconfigured where it cannot be done, Unavailable where the tables are in use.
    """
    if not 1 <= into <= MOST:
        raise Misconfigured(f"A table is split into 1 to {MOST} partitions, not {into}.")
    try:
        async with alone(dsn) as connection, exclusively(connection), connection.transaction():
            # A row that a policy hid would be lost: then rather an error.
            await connection.execute(f"SET LOCAL lock_timeout = '{patience_seconds}s'; SET LOCAL row_security = off")
            before: int = max(await connection.fetchval(SQL.partitions_of, TABLES[0]), 1)
            if before != into:
                await _refuse_unknown(connection)
                await _make_anew(connection, into)
            return before
    except asyncpg.LockNotAvailableError:
        raise Unavailable("The tables are in use, so nothing was changed. Stop the service, or try again at a quieter time.") from None
    except asyncpg.DependentObjectsStillExistError as error:
        raise Misconfigured(f"Something of yours depends on the tables; drop it, and make it again afterwards: {error.detail}") from None


async def _refuse_unknown(connection: _Connection) -> None:
    """What would be gone without a word afterwards."""
    names = [row["name"] for row in await connection.fetch(SQL.unknown_belongings, TABLES)]
    if names:
        raise Misconfigured(
            f"The tables have what would be lost, so nothing was changed: {', '.join(names)}. Take it away, and put it back afterwards."
        )


async def _make_anew(connection: _Connection, into: int) -> None:
    # The feeds' heads too: whoever delivers takes them first, and would else wait for us holding what we wait for.
    await connection.execute(f"LOCK TABLE prospect_search, {', '.join(TABLES)} IN ACCESS EXCLUSIVE MODE")
    definitions = [row["definition"] for row in await connection.fetch(SQL.definitions, TABLES)]
    counts = [(row, await _reached(connection, row["sequence"])) for row in await connection.fetch(SQL.numbered_columns, TABLES)]
    functions = await connection.fetch(SQL.functions, TABLES)
    for row in functions:
        await connection.execute(f"DROP FUNCTION {row['name']}")
    for row in await connection.fetch(SQL.foreign_keys, TABLES):
        await connection.execute(f"ALTER TABLE {row['owner']} DROP CONSTRAINT {row['name']}")
    for table in TABLES:
        await _move(connection, table, into)
    # Indexes after the rows, which is the fastest way to make them.
    for definition in [*definitions, *(row["definition"] for row in functions)]:
        await connection.execute(definition)
    for column, reached in counts:
        await _count_on(connection, column, reached)


async def _move(connection: _Connection, table: str, into: int) -> None:
    """Rows, columns, defaults and checks, under the same name."""
    stored = await connection.fetchval(SQL.stored_as, table)
    options = f" WITH ({stored})" if stored else ""
    made = f"CREATE TABLE {table}_split (LIKE {table} INCLUDING ALL EXCLUDING INDEXES)"
    if into == 1:
        await connection.execute(made + options)
    else:
        await connection.execute(f"{made} PARTITION BY HASH ({KEY})")
        for number in range(into):
            values = f"FOR VALUES WITH (MODULUS {into}, REMAINDER {number})"
            await connection.execute(f"CREATE TABLE {table}_{number + 1}_of_{into} PARTITION OF {table}_split {values}{options}")
    # Of the old table alone, and before it goes: whose rows are held by walls of their own would not see all of them.
    await connection.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    await connection.execute(f"INSERT INTO {table}_split OVERRIDING SYSTEM VALUE SELECT * FROM {table}")  # noqa: S608  # a name of TABLES
    await connection.execute(f"DROP TABLE {table}")
    await connection.execute(f"ALTER TABLE {table}_split RENAME TO {table}")


async def _reached(connection: _Connection, sequence: str) -> asyncpg.Record:
    row = await connection.fetchrow(f"SELECT last_value, is_called FROM {sequence}")  # noqa: S608  # as the database wrote the name
    assert row is not None
    return row


async def _count_on(connection: _Connection, column: asyncpg.Record, reached: asyncpg.Record) -> None:
    """Let a column's numbers go on where they were, counted under the same name."""
    sequence = await connection.fetchval(SQL.sequence_of, column["owner"], column["name"])
    await connection.execute(f"SELECT setval('{sequence}', {reached['last_value']}, {reached['is_called']})")
    await connection.execute(f"ALTER SEQUENCE {sequence} RENAME TO {column['sequence'].partition('.')[2]}")
