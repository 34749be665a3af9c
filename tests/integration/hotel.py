"""A company with two people, and ways to deliver it and to read it back."""

from collections.abc import Sequence
from typing import Any

import httpx

from tests.integration.conftest import pull

MARIA = {"email": "m.schmidt@hotel.example", "first_name": "Maria", "last_name": "Schmidt", "phone": "1", "rooms": {"a": 1, "b": [1, 2]}}
OTTO = {"email": "otto@hotel.example", "first_name": "Otto"}
HOTEL = {
    "name": "Grand Hotel",
    "source_id": "crm-1",
    "website_url": "hotel.example",
    "city": "Berlin",
    "stars": 5,
    "prospects": [MARIA, OTTO],
}


async def feed(client: httpx.AsyncClient, search_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await pull(client, search_id, limit=100))["items"]
    return items


async def post(client: httpx.AsyncClient, search_id: str, companies: Sequence[Any], **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post(f"/deliveries/{search_id}/companies", json={"companies": companies}, headers=named)
