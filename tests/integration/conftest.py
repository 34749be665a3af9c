"""The application itself, in this process, on a fresh database; and people to call it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest

from openprospect.server.access.keys import create_key, create_organization
from openprospect.server.access.model import DEFAULT_ORGANIZATION, Scope
from openprospect.server.app import create_app
from openprospect.server.db.pool import Database
from openprospect.server.settings import Settings

# What tests share says as much when it fails as what they do not.
BASE_URL = "http://service.test"
SECRET_KEY = "for tests alone and long enough for them"
KEYED = Settings(secret_keys=(SECRET_KEY,))


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[httpx.AsyncBaseTransport]:
    """Start an ASGI application as a server would, and stop it again; gives the way to call it."""
    to_app: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    from_app: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    task = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, to_app.get, from_app.put))
    await to_app.put({"type": "lifespan.startup"})
    started = await from_app.get()
    assert started["type"] == "lifespan.startup.complete", started
    try:
        yield httpx.ASGITransport(app, raise_app_exceptions=False)
    finally:
        await to_app.put({"type": "lifespan.shutdown"})
        await from_app.get()
        await task


@dataclass
class Service:
    """A running application, and the means to make keys for it."""

    transport: httpx.AsyncBaseTransport
    database: Database
    _clients: list[httpx.AsyncClient] = field(default_factory=list)

    async def client(
        self, name: str = "consumer", *, scopes: list[str] | None = None, organization: str = DEFAULT_ORGANIZATION
    ) -> httpx.AsyncClient:
        """An HTTP client with a key of this name; with every scope, where none are named."""
        key = await create_key(
            self.database,
            name,
            organization=organization,
            scopes=list(Scope) if scopes is None else scopes,
            expires_in=None,
            is_live=True,
            actor="test",
        )
        return self.caller({"Authorization": f"Bearer {key.key}"})

    def caller(self, headers: dict[str, str]) -> httpx.AsyncClient:
        client = httpx.AsyncClient(transport=self.transport, base_url=f"{BASE_URL}/api/v1", headers=headers, timeout=60)
        self._clients.append(client)
        return client

    async def organization(self, name: str) -> str:
        return (await create_organization(self.database, name, actor="test")).name

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


@pytest.fixture
async def service(dsn: str, database: Database) -> AsyncIterator[Service]:
    async with running(create_app(dsn, KEYED)) as transport:
        service = Service(transport, database)
        yield service
        await service.close()


@pytest.fixture
async def client(service: Service) -> httpx.AsyncClient:
    """A client that may do everything."""
    return await service.client()


@pytest.fixture
async def search_id(client: httpx.AsyncClient) -> str:
    """A fresh prospect search."""
    return await open_search(client)


Deliver = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def deliver(client: httpx.AsyncClient, search_id: str) -> Deliver:
    """Deliver companies to `search_id`: dictionaries, or names that are their own source ids."""

    async def deliver_to_feed(*companies: dict[str, Any] | str) -> dict[str, Any]:
        rows = [{"name": company, "source_id": company} if isinstance(company, str) else company for company in companies]
        response = await client.post(f"/deliveries/{search_id}/companies", json={"companies": rows})
        assert response.status_code == 200, response.text
        result: dict[str, Any] = response.json()
        return result

    return deliver_to_feed


async def open_search(client: httpx.AsyncClient, name: str = "hotels") -> str:
    response = await client.post("/prospect-searches", json={"name": name})
    assert response.status_code == 201, response.text
    return str(UUID(response.json()["id"]))


async def pull(client: httpx.AsyncClient, search_id: str, **parameters: Any) -> dict[str, Any]:
    """One page of a feed."""
    response = await client.get(f"/deliveries/{search_id}/companies", params=parameters)
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    return page
