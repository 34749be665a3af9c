"""Exports over a real socket: slow readers, readers that leave, and faults in the middle."""

import asyncio
import http.client
import json
import logging
import random
import socket
import time
from base64 import b85encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from openprospect.server.access.keys import create_key
from openprospect.server.access.model import DEFAULT_ORGANIZATION, Scope
from openprospect.server.app import create_app
from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.db.pool import Database
from tests.integration.conftest import open_search
from tests.integration.listening import listening
from tests.integration.receipts import receipt_once

BEGIN = datetime(2026, 2, 25, 12, tzinfo=UTC)
COMPANIES = 600
# More readers than the service has connections.
READERS = 9

ACTIVE = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND (state <> 'idle' OR xact_start IS NOT NULL) AND state IS NOT NULL
"""


@dataclass(frozen=True, kw_only=True)
class Feed:
    """A service with a feed that fits into no socket's buffers, nine megabytes that compress to seven."""

    address: tuple[str, int]
    search_id: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        return f"/api/v1/deliveries/{self.search_id}"

    def client(self) -> httpx.AsyncClient:
        host, port = self.address
        return httpx.AsyncClient(base_url=f"http://{host}:{port}", headers=self.headers, timeout=10)

    def open(self, stack: ExitStack, **headers: str) -> http.client.HTTPResponse:
        """The head of an export, its body still to be read, on a socket that takes in little by itself."""
        connection = stack.enter_context(socket.socket())
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        connection.settimeout(10)
        connection.connect(self.address)
        lines = [
            f"GET {self.path}/export HTTP/1.1",
            "Host: service",
            *(f"{name}: {value}" for name, value in (self.headers | headers).items()),
        ]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        response = stack.enter_context(http.client.HTTPResponse(connection))
        response.begin()
        assert response.status == 200
        return response


def rows(search_id: str) -> Iterator[tuple[Any, ...]]:
    for number in range(1, COMPANIES + 1):
        at = BEGIN + timedelta(seconds=number)
        document: dict[str, Any] = {
            "id": str(uuid4()),
            "name": "Maria's",
            "source_id": str(number),
            "prospects": [],
            "delivered_at": format_timestamp(at),
        }
        document["attributes"] = {"notes": b85encode(random.randbytes(12_000)).decode()}
        yield UUID(search_id), number, at, uuid4(), False, json.dumps(document)


@pytest.fixture
async def feed(dsn: str, database: Database) -> Any:
    made = await create_key(
        database, "crm", organization=DEFAULT_ORGANIZATION, scopes=list(Scope), expires_in=None, is_live=True, actor="test"
    )
    headers = {"Authorization": f"Bearer {made.key}"}
    with listening(create_app(dsn)) as address:
        async with httpx.AsyncClient(base_url=f"http://{address[0]}:{address[1]}/api/v1", headers=headers) as client:
            search_id = await open_search(client)
        async with database.transaction() as db:
            await db.copy(
                "delivery", ("prospect_search_id", "position", "delivered_at", "company_id", "is_removal", "document"), rows(search_id)
            )
        await database.execute(
            """
            UPDATE prospect_search SET position = $2::int, live_companies = $2::int,
                watermark = (SELECT max(delivered_at) FROM delivery WHERE prospect_search_id = $1)
            WHERE id = $1
            """,
            search_id,
            COMPANIES,
        )
        yield Feed(address=address, search_id=search_id, headers=headers)


async def until(database: Database, condition: Callable[[int], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition(await database.value(ACTIVE)):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_slow_readers_hold_no_connection_and_are_in_nobodys_way(feed: Feed, database: Database) -> None:
    with ExitStack() as stack:
        readers = [feed.open(stack) for _ in range(READERS)]
        begun = [reader.read(1000) for reader in readers]
        await until(database, lambda active: active == 0)
        async with feed.client() as client:
            delivered = await client.post(f"{feed.path}/companies", json={"companies": [{"name": "new", "source_id": "new"}]})
            assert delivered.json()["delivered"] == 1
            assert (await client.get(f"{feed.path}/companies", params={"limit": 1})).json()["total"] == COMPANIES + 1
        for begin, reader in zip(begun, readers, strict=True):
            assert [json.loads(line)["source_id"] for line in (begin + reader.read()).splitlines()] == [
                str(number) for number in range(1, COMPANIES + 1)
            ]


async def test_a_reader_who_leaves_was_given_no_more_than_was_sent(feed: Feed, database: Database) -> None:
    with ExitStack() as stack:
        reader = feed.open(stack)
        watermark = reader.headers["Delivery-Watermark"]
        reader.read(1000)
    receipt = await receipt_once(database, feed.search_id, lambda _: True)
    await until(database, lambda active: active == 0)
    assert receipt["seen_at"] is not None
    served = await database.value("SELECT served_until FROM receipt WHERE prospect_search_id = $1", feed.search_id)
    assert served.isoformat() < watermark


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], str]]:
    """What the service has logged so far."""
    with caplog.at_level(logging.INFO):
        yield lambda: caplog.text


@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
async def test_a_fault_in_the_middle_is_never_taken_for_the_end(
    feed: Feed, database: Database, log: Callable[[], str], coding: str
) -> None:
    with ExitStack() as stack:
        reader = feed.open(stack, **{"Accept-Encoding": coding})
        assert reader.headers.get("Content-Encoding", "identity") == coding
        reader.read(1000)
        await until(database, lambda active: active == 0)
        await database.execute("ALTER TABLE delivery RENAME TO elsewhere")
        with pytest.raises(http.client.IncompleteRead) as broken:
            reader.read()
    assert len(broken.value.partial) > 1000
    assert "BrokenOff: UndefinedTableError" in log()


async def test_a_log_of_a_fault_holds_nothing_of_what_is_delivered(feed: Feed, database: Database, log: Callable[[], str]) -> None:
    await database.execute("UPDATE delivery SET document = 'Maria' || document WHERE position = $1", COMPANIES)
    with ExitStack() as stack, pytest.raises(http.client.IncompleteRead):
        feed.open(stack, Accept="application/vnd.apache.parquet").read()
    assert "BrokenOff: DecodeError" in log()
    assert "Maria" not in log()
