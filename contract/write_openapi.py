"""Writes contract/openapi.json from the routes: what `make openapi` runs."""

import asyncio
from pathlib import Path

import httpx

from openprospect.server.app import create_app

DOCUMENT = Path(__file__).with_name("openapi.json")


def openapi_document() -> bytes:
    """What the service answers at /api/v1/openapi.json; no database is asked for that."""

    async def ask() -> bytes:
        transport = httpx.ASGITransport(create_app("postgresql://nobody@nowhere/nothing"))  # type: ignore[arg-type]  # one interface, two spellings
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            answer = await client.get("/api/v1/openapi.json")
            return answer.raise_for_status().content

    return asyncio.run(ask())


if __name__ == "__main__":
    DOCUMENT.write_bytes(openapi_document() + b"\n")
