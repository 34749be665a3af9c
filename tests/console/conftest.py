"""The console over ASGI: a service on a fresh database, and operators who are signed in to it."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from openprospect.server.access.keys import NewKey, create_key
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.app import create_app
from openprospect.server.db.pool import Database
from openprospect.server.feed.receipts import FLUSH_SECONDS
from openprospect.server.settings import Settings
from tests.integration.conftest import BASE_URL, SECRET_KEY, Service, running

_CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


def first(pattern: str, text: str) -> str:
    """What the group of a pattern holds where it first stands."""
    found = re.search(pattern, text)
    assert found, f"nothing like {pattern} in {text[:2000]}"
    return found[found.re.groups]


@dataclass
class Browser:
    """What a browser does without running scripts: keeps the cookie, and sends forms with the token that the page had."""

    http: httpx.AsyncClient
    csrf: str = ""

    async def get(self, path: str, **options: Any) -> httpx.Response:
        answer = await self.http.get(f"/console{path}", **options)
        if found := _CSRF.search(answer.text):
            self.csrf = found[1]
        return answer

    async def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> httpx.Response:
        return await self.http.post(f"/console{path}", data={"csrf": self.csrf} | (data or {}), **options)


@dataclass
class Operators:
    """People with a key for the console, each with a browser."""

    service: Service
    _browsers: list[httpx.AsyncClient] = field(default_factory=list)

    async def key(
        self, name: str = "operator", *, organization: str = DEFAULT_ORGANIZATION, scopes: tuple[str, ...] = ("console",)
    ) -> NewKey:
        return await create_key(
            self.service.database, name, organization=organization, scopes=list(scopes), expires_in=None, is_live=True, actor="test"
        )

    def browser(self) -> Browser:
        http = httpx.AsyncClient(transport=self.service.transport, base_url=BASE_URL, timeout=60)
        self._browsers.append(http)
        return Browser(http)

    async def signed_in(self, name: str = "operator", *, organization: str = DEFAULT_ORGANIZATION) -> Browser:
        browser = self.browser()
        key = await self.key(name, organization=organization)
        answer = await browser.post("/sign-in", {"key": key.key})
        assert answer.status_code == 303, answer.text
        await browser.get("/")
        return browser

    async def close(self) -> None:
        for http in self._browsers:
            await http.aclose()


@pytest.fixture
async def service(dsn: str, database: Database) -> AsyncIterator[Service]:
    async with running(create_app(dsn, Settings(webhook_allow_private=True, secret_keys=(SECRET_KEY,)))) as transport:
        service = Service(transport, database)
        yield service
        await service.close()


@pytest.fixture
async def operators(service: Service) -> AsyncIterator[Operators]:
    operators = Operators(service)
    yield operators
    await operators.close()


@pytest.fixture
async def browser(operators: Operators) -> Browser:
    """An operator of the default organization."""
    return await operators.signed_in()


@pytest.fixture
async def client(service: Service) -> httpx.AsyncClient:
    """A client of the API that may do everything."""
    return await service.client()


@pytest.fixture
async def search_id(client: httpx.AsyncClient) -> str:
    response = await client.post("/prospect-searches", json={"name": "hotels"})
    return str(response.json()["id"])


def hotel(number, **more):
    email = f"person{number}@hotel{number}.example"
    return {"name": f"Hotel {number}", "source_id": f"crm-{number}", "website_url": f"https://www.hotel{number}.example",
            "prospects": [{"email": email, "first_name": "Maria"}], **more}  # fmt: skip


@pytest.fixture
def deliver(client, search_id):
    async def deliver_hotels(*numbers, **more):
        rows = [hotel(number, **more) for number in numbers]
        answer = await client.post(f"/deliveries/{search_id}/companies", json={"companies": rows})
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    return deliver_hotels


async def written(client, search_id, until):
    """Returns once everything that the consumer was served and said is written."""
    answer = await client.put(f"/deliveries/{search_id}/receipt", json={"delivered_until": until}, timeout=3 * FLUSH_SECONDS + 5)
    assert answer.status_code == 200
