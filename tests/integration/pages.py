"""A feed of seven companies, and ways to read it page by page."""

from typing import Any

import httpx

from tests.integration.conftest import pull

SEVEN = tuple("abcdefg")


def sources(page: dict[str, Any]) -> list[str]:
    return [item["source_id"] for item in page["items"]]


async def ask(client: httpx.AsyncClient, search_id: str, **parameters: Any) -> httpx.Response:
    return await client.get(f"/deliveries/{search_id}/companies", params=parameters)


async def walk(client: httpx.AsyncClient, search_id: str, *, limit: int = 2, **parameters: Any) -> list[str]:
    """All pages by offset, from 0 to the end."""
    found: list[str] = []
    while True:
        page = await pull(client, search_id, limit=limit, offset=len(found), **parameters)
        found += sources(page)
        if not page["has_more"]:
            return found


def versions(*companies: str, version: int) -> list[dict[str, Any]]:
    return [{"name": f"{company} {version}", "source_id": company} for company in companies]
