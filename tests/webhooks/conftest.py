"""The application with its dispatcher, allowed to push to the loopback; and a receiver there."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest

from openprospect.demo.service import COMMAND, clean_environment
from openprospect.server.access.keys import organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.app import create_app
from openprospect.server.core.vault import Vault
from openprospect.server.db.pool import Database
from openprospect.server.searches.create import create_search
from openprospect.server.searches.model import Search
from openprospect.server.settings import Settings
from tests.integration.conftest import SECRET_KEY, Service, open_search, running
from tests.webhooks.receiver import MOST_SECONDS, Receiver

VAULT = Vault([SECRET_KEY])
PRIVATE = Settings(webhook_allow_private=True, secret_keys=(SECRET_KEY,))


@pytest.fixture
async def service(dsn: str, database: Database) -> AsyncIterator[Service]:
    async with running(create_app(dsn, PRIVATE)) as transport:
        service = Service(transport, database)
        yield service
        await service.close()


@pytest.fixture
async def client(service: Service) -> httpx.AsyncClient:
    """A client that may do everything."""
    return await service.client()


@pytest.fixture
async def search_id(client: httpx.AsyncClient) -> str:
    return await open_search(client)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().listening() as receiver:
        yield receiver


@pytest.fixture
async def search(database: Database) -> Search:
    owner = await organization_named(database, DEFAULT_ORGANIZATION)
    return await create_search(database, "hotels", organization_id=owner.id, actor="test")


@pytest.fixture
def run(dsn: str) -> Callable[..., Awaitable[tuple[int, list[Any], str]]]:
    """Runs a command on the database, and answers its exit code and what it printed, a document a line."""

    async def run_command(*arguments: str, allow_private: bool = True, secret_key: str = SECRET_KEY) -> tuple[int, list[Any], str]:
        allowed = {"OPENPROSPECT_WEBHOOK_ALLOW_PRIVATE": "1"} if allow_private else {}
        environment = clean_environment(OPENPROSPECT_DATABASE_URL=dsn, OPENPROSPECT_SECRET_KEY=secret_key, **allowed)
        command = [COMMAND, *arguments, "--json"]
        done = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    return run_command


async def create(client: httpx.AsyncClient, url: str, **settings: Any) -> dict[str, Any]:
    """An endpoint, as its owner gets it."""
    response = await client.post("/webhooks", json={"url": url, **settings})
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


async def deliver(client: httpx.AsyncClient, search_id: str, *companies: dict[str, Any] | str) -> list[str]:
    """Deliver companies: dictionaries, or names that are their own source ids; answers their ids."""
    rows = [{"name": company, "source_id": company} if isinstance(company, str) else company for company in companies]
    response = await client.post(f"/deliveries/{search_id}/companies", json={"companies": rows})
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.json()["items"]]


async def until(receiver: Receiver, is_true: Callable[[Receiver], Any], *, seconds: float = MOST_SECONDS) -> None:
    """Wait for the receiver without holding up the loop that the service runs on."""
    await asyncio.to_thread(receiver.wait, is_true, seconds=seconds)


async def eventually(read: Callable[[], Awaitable[Any]], is_right: Callable[[Any], Any], *, seconds: float = 30.0) -> Any:
    """What `read` gives once it is right."""
    async with asyncio.timeout(seconds):
        while not is_right(found := await read()):  # noqa: ASYNC110  # what is waited for happens in a database
            await asyncio.sleep(0.05)
    return found
