"""Lends connections and keeps returned ones for the next caller, since the driver's own pool costs more than a short statement.

That pool still opens and closes them.
"""

import asyncio
import contextlib
from types import TracebackType
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    Raw = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]

_RETURN_SECONDS = 5.0


class NoneFree(TimeoutError):
    """All are on loan, to others of this process. Of the server that says nothing."""


class Lender:
    """Lends at most as many connections at once as the pool may have; whoever comes then waits in turn."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", *, size: int) -> None:
        self._pool = pool
        self._places = asyncio.Semaphore(size)
        self._kept: list[Raw] = []
        self._returning: set[asyncio.Task[None]] = set()
        # Counts up whenever what was lent before is not to be lent again.
        self._age = 0

    def lend(self, *, free_until: float, until: float) -> "Loan":
        """For an `async with`, which raises TimeoutError where none comes free by one time of the loop, or can be made by the other."""
        return Loan(self, free_until=free_until, until=until)

    async def renew(self) -> None:
        """From here on connections are made anew; those on loan end when they come back."""
        await self._pool.expire_connections()
        for raw in self._let_go():
            # A server that is gone without a word would not hear a good-bye.
            raw.terminate()

    async def close(self) -> None:
        """Once all have come back."""
        for raw in self._let_go():
            await self._give_back(raw)
        await asyncio.gather(*self._returning)
        await self._pool.close()

    async def take(self, *, free_until: float, until: float) -> tuple["Raw", int]:
        """A connection, and its age."""
        if self._kept and not self._places.locked():
            await self._places.acquire()  # at once
        else:
            try:
                async with asyncio.timeout_at(free_until):
                    await self._places.acquire()
            except TimeoutError:
                raise NoneFree from None
        age = self._age
        try:
            return self._kept_one() or await self._pool.acquire(timeout=until - asyncio.get_running_loop().time()), age
        except BaseException:
            self._places.release()
            raise

    def take_back(self, raw: "Raw", *, age: int, is_sound: bool) -> None:
        if is_sound and age == self._age:
            self._kept.append(raw)
            self._places.release()
            return
        # Whoever lent it need not wait: a server that hangs does not say that it has heard.
        returning = asyncio.create_task(self._return(raw))
        self._returning.add(returning)
        returning.add_done_callback(self._returning.discard)

    async def _return(self, raw: "Raw") -> None:
        try:
            await self._give_back(raw)
        finally:
            self._places.release()

    async def _give_back(self, raw: "Raw") -> None:
        """One that breaks meanwhile the pool has ended by itself."""
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            await self._pool.release(raw, timeout=_RETURN_SECONDS)

    def _kept_one(self) -> "Raw | None":
        while self._kept:
            raw = self._kept.pop()
            if not _is_closed(raw):
                return raw
        return None

    def _let_go(self) -> "list[Raw]":
        self._age += 1
        kept, self._kept = self._kept, []
        return [raw for raw in kept if not _is_closed(raw)]


class Loan:
    """What goes wrong within the block may have left the connection in any state: the pool sees to it then."""

    __slots__ = ("_age", "_free_until", "_lender", "_raw", "_until")

    def __init__(self, lender: Lender, *, free_until: float, until: float) -> None:
        self._lender = lender
        self._free_until = free_until
        self._until = until

    async def __aenter__(self) -> "Raw":
        self._raw, self._age = await self._lender.take(free_until=self._free_until, until=self._until)
        return self._raw

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lender.take_back(self._raw, age=self._age, is_sound=error is None)


def _is_closed(raw: "Raw") -> bool:
    """The pool takes back by itself what breaks while nobody uses it."""
    try:
        return raw.is_closed()
    except asyncpg.InterfaceError:
        return True
