"""Two workers of the service on one database, and a loop to call them from tests that are not async."""

import asyncio
import itertools
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import httpx

from openprospect.server.app import create_app
from openprospect.server.db.pool import Database
from tests.integration.conftest import Service, running

WORKERS = 2
CONSUMERS = ("crm", "warehouse")

T = TypeVar("T")


class World:
    """Two workers of the service on one database, and a loop to call them from a test that is not async."""

    def __init__(self, dsn: str) -> None:
        self.examples = itertools.count()
        self._dsn = dsn
        # A factory of its own keeps the runner from touching the loop that the other tests share.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._stack = AsyncExitStack()
        self._workers: list[AsyncExitStack] = []

    def __enter__(self) -> "World":
        self._runner.__enter__()
        self.run(self._open())
        return self

    def __exit__(self, *error: object) -> None:
        self.run(self._close())
        self._runner.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    async def restart(self) -> None:
        """A worker stops, and another takes its place."""
        await self._workers.pop(0).aclose()
        await self._start_worker()

    async def _start_worker(self) -> None:
        self._workers.append(AsyncExitStack())
        transport = await self._workers[-1].enter_async_context(running(create_app(self._dsn)))
        self._balancer.transports = [*self._balancer.transports, transport][-WORKERS:]

    async def _open(self) -> None:
        self.database = await self._stack.enter_async_context(await Database.open(self._dsn, size=1))
        self._balancer = Balancer()
        for _ in range(WORKERS):
            await self._start_worker()
        self.service = Service(self._balancer, self.database)
        self.producer = await self.service.client("producer")
        self.consumers = [await self.service.client(name) for name in CONSUMERS]

    async def _close(self) -> None:
        await self.service.close()
        for worker in self._workers:
            await worker.aclose()
        await self._stack.aclose()


class Balancer(httpx.AsyncBaseTransport):
    """Sends each request to the next worker."""

    def __init__(self) -> None:
        self.transports: list[httpx.AsyncBaseTransport] = []
        self._turn = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._turn += 1
        return await self.transports[self._turn % len(self.transports)].handle_async_request(request)
