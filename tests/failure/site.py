"""The service in this process, on a database that may fail it; and what everybody who calls it may expect then."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from openprospect.server.app import create_app
from openprospect.server.db.pool import Database
from openprospect.server.settings import Settings
from tests.integration.conftest import KEYED, Service, open_search, running


@dataclass(frozen=True, kw_only=True)
class Site:
    """`client` may do everything; `search_id` is a fresh search."""

    service: Service
    client: httpx.AsyncClient
    search_id: str

    @property
    def path(self) -> str:
        return f"/deliveries/{self.search_id}/companies"

    async def pull(self, *, client: httpx.AsyncClient | None = None, **parameters: Any) -> httpx.Response:
        return await (client or self.client).get(self.path, params=parameters)

    async def deliver(self, *source_ids: str, version: int | str = 1, key: str | None = None) -> httpx.Response:
        rows = [
            {"source_id": one, "name": f"Hotel {one}", "version": version, "prospects": [{"email": f"maria@hotel-{one}.example"}]}
            for one in source_ids
        ]
        return await self.client.post(self.path, json={"companies": rows}, headers={"Idempotency-Key": key} if key else {})

    async def walked(
        self, *, client: httpx.AsyncClient | None = None, limit: int = 10, answers_are_lost: bool = False
    ) -> list[dict[str, Any]]:
        """Every company, as the delivery page says to fetch them; a page that is refused for now is asked for again.

        `answers_are_lost`: first pages that nobody received look like runs of somebody else, and a run may be told to begin anew.
        """
        accepted = {200, 410} if answers_are_lost else {200}
        items: list[dict[str, Any]] = []
        while True:
            offset = len(items)
            answer = await patiently(lambda: self.pull(client=client, limit=limit, offset=offset), accepted=accepted)  # noqa: B023
            page = answer.json()
            if answer.status_code != 200:
                assert page["code"] == "WALK_CONTESTED"
                items.clear()
                continue
            items += page["items"]
            if not page["has_more"]:
                return items


@asynccontextmanager
async def serving(dsn: str, settings: Settings = KEYED, *, keys_in: str | None = None) -> AsyncIterator[Site]:
    """`keys_in`: where to make keys, if the service reaches its database by a way that breaks."""
    async with await Database.open(keys_in or dsn, size=1) as database, running(create_app(dsn, settings)) as transport:
        service = Service(transport, database)
        client = await service.client()
        yield Site(service=service, client=client, search_id=await open_search(client))
        await service.close()


async def patiently(
    ask: Callable[[], Awaitable[httpx.Response]], *, tries: int = 400, accepted: Collection[int] = (200,)
) -> httpx.Response:
    """The first answer that is not 503; each 503 has to be a clean one."""
    for _ in range(tries):
        answer = await ask()
        if answer.status_code != 503:
            assert answer.status_code in accepted, answer.text
            return answer
        assert_unavailable(answer)
    raise AssertionError(f"unavailable {tries} times: {answer.text}")


def assert_unavailable(answer: httpx.Response, *, code: str = "UNAVAILABLE") -> str:
    """A clean 503: in our words alone, with the time to wait; answers its message."""
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert set(answer.json()) == {"code", "message", "details", "request_id"}
    assert answer.json()["code"] == code
    for word in ("asyncpg", "127.0.0.1", "SELECT", "socket", "relation"):
        assert word not in answer.text
    return str(answer.json()["message"])
