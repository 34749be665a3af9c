"""Connections and transactions. Together with its neighbours in this folder, the only code that names the driver."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from openprospect.server.db import faults
from openprospect.server.db.connecting import connect
from openprospect.server.db.lending import Lender
from openprospect.server.db.queries import beside, name_of
from openprospect.server.db.tenants import ROLE, TenantConnection, TenantLender, can_take_role

SQL = beside(__file__)

logger = logging.getLogger(__name__)

Row = Mapping[str, Any]

OnStatement = Callable[[str, float, str | None], None]
"""Is told of each statement that ended, in the context it ran in: its name, its seconds, the kind of its error. Never what it said."""

ServerId = tuple[datetime, int]
"""A database of a running server, by when that was started: a copy has another, and so has one that was taken back to an earlier moment."""

Admit = Callable[[ServerId], Awaitable[None]]
"""Is told where each new connection leads, before it is used; what it raises, whoever wanted the connection is told."""

PATIENCE_SECONDS = 30.0
"""For a connection, for a lock, and for a statement by itself. Those in a transaction have longer: they may wait for others to commit."""

_ONE_WALL = (
    f"Tenants are kept apart by the service's own statements alone: this account may not take the role {ROLE}, which row-level security "
    "holds. docs/security.md tells how to make it."
)

_SETTINGS = {
    "application_name": "openprospect",
    "timezone": "UTC",
    "jit": "off",
    # The page statement would otherwise be planned anew on every call: half of its cost in the database.
    "plan_cache_mode": "force_generic_plan",
    "idle_in_transaction_session_timeout": "60s",
    # Longer than anybody here waits: for the statements of a service that is no more.
    "statement_timeout": "150s",
}


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


class TenantsConnection(Connection):
    """One within a tenant's walls, which COPY does not go with."""

    async def copy(self, table: str, columns: Sequence[str], records: Iterable[Sequence[Any]]) -> None:
        """A statement a row, all of them sent at once."""
        places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
        await self._raw.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", records)  # noqa: S608  # names of ours


class Database:
    """A pool of connections. `transaction()` for several statements; the rest runs one statement by itself."""

    def __init__(
        self,
        lender: Lender | TenantLender,
        *,
        patience_seconds: float,
        tenants: Lender | None = None,
        whole: "Database | None" = None,
    ) -> None:
        self._lender = lender
        self._patience = patience_seconds
        self._tenants = tenants
        self._connection = TenantsConnection if whole else Connection
        self.whole = whole or self
        """Out of a tenant's walls again: for what a process does for all at once."""

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        size: int = 8,
        tenants_size: int = 0,
        on_statement: OnStatement | None = None,
        admit: Admit | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
        lock_seconds: float = PATIENCE_SECONDS,
        is_standby: bool = False,
    ) -> Self:
        """So many connections, and so many more for `within`. A standby need not be there yet, and nothing else is taken for one."""
        settings = _SETTINGS | {"lock_timeout": f"{lock_seconds * 1000:.0f}ms"}
        prepare = _prepared(on_statement, admit)
        with ExitStack() as half_open, faults.told():
            pool = await _connected(dsn, size, prepare, settings, is_standby=is_standby)
            half_open.callback(pool.terminate)
            tenants = None
            if tenants_size and await can_take_role(pool):
                tenants = Lender(await _connected(dsn, tenants_size, prepare, settings, role=ROLE), size=tenants_size)
            elif tenants_size:
                logger.warning(_ONE_WALL)
            half_open.pop_all()
        return cls(Lender(pool, size=size), patience_seconds=patience_seconds, tenants=tenants)

    def within(self, tenant: UUID) -> "Database":
        """The same database, of which statements see and change this tenant's rows alone; as it is, where there is no such wall."""
        if self._tenants is None:
            return self
        return Database(TenantLender(self._tenants, tenant), patience_seconds=self._patience, whole=self)

    @property
    def has_walls(self) -> bool:
        """Whether `within` shows a tenant's rows alone."""
        return self._tenants is not None

    async def close(self) -> None:
        for lender in (self._lender, self._tenants):
            if lender is not None:
                await lender.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Commit at the end of the block, roll back when it raises. Raises Unavailable, which says whether that is known."""
        is_done = False
        deadline = self._deadline()
        try:
            async with self._lender.lend(free_until=deadline, until=deadline) as raw, raw.transaction():
                yield self._connection(raw)
                is_done = True
        except faults.UNREACHABLE as error:
            await self._distrust(error)
            raise faults.of_transaction(error, is_committing=is_done) from error

    async def rows(self, sql: str, *args: Any) -> list[Row]:
        rows: list[Row] = await self._alone(lambda raw, seconds: raw.fetch(sql, *args, timeout=seconds))
        return rows

    async def row(self, sql: str, *args: Any) -> Row | None:
        row: Row | None = await self._alone(lambda raw, seconds: raw.fetchrow(sql, *args, timeout=seconds))
        return row

    async def value(self, sql: str, *args: Any) -> Any:
        return await self._alone(lambda raw, seconds: raw.fetchval(sql, *args, timeout=seconds))

    async def execute(self, sql: str, *args: Any) -> None:
        await self._alone(lambda raw, seconds: raw.execute(sql, *args, timeout=seconds))

    async def _alone(self, statement: Callable[[Any, float], Awaitable[Any]]) -> Any:
        """One deadline for the connection and the statement together, which is given what is left: half of the time, or more.

        Whoever has waited longest comes first; where more is asked than can be answered, they would all be given next to none.
        """
        deadline = self._deadline()
        try:
            async with self._lender.lend(free_until=deadline - self._patience / 2, until=deadline) as raw:
                return await statement(raw, deadline - asyncio.get_running_loop().time())
        except faults.UNREACHABLE as error:
            await self._distrust(error)
            raise faults.of_statement(error) from error

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._patience

    async def _distrust(self, error: Exception) -> None:
        if faults.is_another_server(error):
            await self._lender.renew()


Executor = Connection | Database
"""What a single statement runs on: inside somebody's transaction, or by itself."""


async def _connected(
    dsn: str,
    size: int,
    prepare: Callable[[Any], Coroutine[Any, Any, None]],
    settings: Mapping[str, str],
    *,
    role: str | None = None,
    is_standby: bool = False,
) -> "asyncpg.Pool[asyncpg.Record]":
    pool = await asyncpg.create_pool(
        dsn,
        # While the database is away the driver would try to keep to any other number, and log each time that it cannot.
        min_size=0,
        max_size=size,
        server_settings={**settings, **({"role": role} if role else {})},
        connection_class=TenantConnection if role else asyncpg.Connection,
        init=prepare,
        reset=_no_reset,
        max_inactive_connection_lifetime=0,
        timeout=10,
        connect=connect,
        command_timeout=120,
        target_session_attrs=SessionAttribute.standby if is_standby else None,
    )
    if not is_standby:
        await pool.release(await pool.acquire())  # or it cannot be opened
    return pool


def _prepared(on_statement: OnStatement | None, admit: Admit | None) -> Callable[[Any], Coroutine[Any, Any, None]]:
    """What is done with each connection before it is first lent."""

    def tell(record: Any) -> None:
        assert on_statement
        on_statement(name_of(record.query), record.elapsed, type(record.exception).__name__ if record.exception else None)

    async def prepare(connection: Any) -> None:
        if admit:
            started_at, number = await connection.fetchrow(SQL.server)
            await admit((started_at, number))
        if on_statement:
            connection.add_query_logger(tell)

    return prepare


async def _no_reset(_connection: Any) -> None:
    """Of a session's state, only whose rows it shows is changed outside a transaction; the driver's reset costs a round trip a request."""
