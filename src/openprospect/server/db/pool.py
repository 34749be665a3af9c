"""Connections and transactions. Together with its neighbours in this folder, the only code that names the driver."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Self

import asyncpg

from openprospect.server.core.errors import Unavailable
from openprospect.server.db.queries import name_of

Row = Mapping[str, Any]

OnStatement = Callable[[str, float, str | None], None]
"""Is told of each statement that ended, in the context it ran in: its name, its seconds, the kind of its error. Never what it said."""

_SETTINGS = {
    "application_name": "openprospect",
    "timezone": "UTC",
    "jit": "off",
    # The page statement would otherwise be planned anew on every call: half of its cost in the database.
    "plan_cache_mode": "force_generic_plan",
    "idle_in_transaction_session_timeout": "60s",
    "lock_timeout": "30s",
}

_UNREACHABLE = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a connection that breaks in the middle of an answer may say
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
)


class Connection:
    """One connection inside a transaction; the caller of `Database.transaction` owns its end."""

    def __init__(self, raw: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]") -> None:
        self._raw = raw

    async def rows(self, sql: str, *args: Any) -> list[Row]:
        return await self._raw.fetch(sql, *args)  # type: ignore[return-value]  # a Record is a mapping, but not declared as one

    async def row(self, sql: str, *args: Any) -> Row | None:
        return await self._raw.fetchrow(sql, *args)  # type: ignore[return-value]

    async def value(self, sql: str, *args: Any) -> Any:
        return await self._raw.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> None:
        await self._raw.execute(sql, *args)

    async def copy(self, table: str, columns: Sequence[str], records: Iterable[Sequence[Any]]) -> None:
        """Append records to a table by COPY, the fastest way in."""
        await self._raw.copy_records_to_table(table, columns=list(columns), records=records)


class Database:
    """A pool of connections. `transaction()` for several statements; the rest runs one statement by itself."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    @classmethod
    async def open(cls, dsn: str, *, size: int = 8, on_statement: OnStatement | None = None) -> Self:
        with translated():
            pool = await asyncpg.create_pool(
                dsn,
                min_size=1,
                max_size=size,
                server_settings=_SETTINGS,
                init=_telling(on_statement) if on_statement else None,
                reset=_no_reset,
                max_inactive_connection_lifetime=0,
                timeout=10,
                command_timeout=120,
            )
        return cls(pool)

    async def close(self) -> None:
        await self._pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Commit at the end of the block, roll back when it raises."""
        with translated():
            async with self._pool.acquire(timeout=30) as raw, raw.transaction():
                yield Connection(raw)

    async def rows(self, sql: str, *args: Any) -> list[Row]:
        with translated():
            return await self._pool.fetch(sql, *args)  # type: ignore[return-value]

    async def row(self, sql: str, *args: Any) -> Row | None:
        with translated():
            return await self._pool.fetchrow(sql, *args)  # type: ignore[return-value]

    async def value(self, sql: str, *args: Any) -> Any:
        with translated():
            return await self._pool.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> None:
        with translated():
            await self._pool.execute(sql, *args)


Executor = Connection | Database
"""What a single statement runs on: inside somebody's transaction, or by itself."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's many ways to say 'not now' into one."""
    try:
        yield
    except _UNREACHABLE as error:
        if isinstance(error, ValueError):  # an argument that the driver cannot encode: our fault, not the database's
            raise
        raise Unavailable("The database cannot be reached just now. Nothing was changed; try again in a few seconds.") from error


def _telling(on_statement: OnStatement) -> Callable[[Any], Coroutine[Any, Any, None]]:
    def tell(record: Any) -> None:
        on_statement(name_of(record.query), record.elapsed, type(record.exception).__name__ if record.exception else None)

    async def listen(connection: Any) -> None:
        connection.add_query_logger(tell)

    return listen


async def _no_reset(_connection: Any) -> None:
    """Nothing here changes a session's state outside a transaction, and the driver's reset costs a round trip a request."""
