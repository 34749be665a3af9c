"""One service for all the tests of a module: for those that look at answers and leave nothing behind that another would see."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from openprospect.server.app import create_app
from openprospect.server.db.pool import Database
from tests.databases import cloned
from tests.integration.conftest import KEYED, Service, running


@asynccontextmanager
async def shared_service(postgres: str, template: str) -> AsyncIterator[Service]:
    async with cloned(postgres, template) as dsn, await Database.open(dsn) as database, running(create_app(dsn, KEYED)) as transport:
        service = Service(transport, database)
        yield service
        await service.close()
