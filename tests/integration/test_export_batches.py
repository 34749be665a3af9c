"""Batches of an export while the feed moves: what changes leaves the stream, and comes to whoever goes on from the watermark."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from openprospect.server.db.pool import Database
from openprospect.server.feed.exporting.batches import ExportChunk, begin_export, read_batches
from openprospect.server.feed.exporting.store import SQL
from openprospect.server.searches.model import SearchId
from tests.integration.conftest import Deliver
from tests.integration.pages import SEVEN, versions

BEGIN = datetime(2026, 2, 25, 12, tzinfo=UTC)

Begin = Callable[..., Any]


@pytest.fixture
def begin(database: Database, search_id: str) -> Begin:
    """Starts reading the feed as it stands now."""

    async def begin_reading(*, companies: int = 2, size: int = 1 << 20) -> AsyncIterator[ExportChunk]:
        organization = await database.value("SELECT organization_id FROM prospect_search WHERE id = $1", search_id)
        export = await begin_export(database, SearchId(UUID(search_id)), organization, since=None)
        return read_batches(database, export, companies=companies, size=size)

    return begin_reading


def names(batch: ExportChunk) -> list[str]:
    return [json.loads(line)["source_id"] for line in batch.lines.splitlines()]


async def rest(batches: AsyncIterator[ExportChunk]) -> list[list[str]]:
    return [names(batch) async for batch in batches]


async def test_what_comes_or_changes_meanwhile_is_left_to_the_next(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, begin: Begin
) -> None:
    result = await deliver(*SEVEN)
    batches = await begin()
    assert names(await anext(batches)) == ["a", "b"]
    await deliver(*versions("b", "e", "new", version=2))
    await client.delete(f"/deliveries/{search_id}/companies/{result['items'][5]['id']}")
    assert await rest(batches) == [["c", "d"], ["g"]]
    later = await client.get(f"/deliveries/{search_id}/export", params={"delivered_since": result["delivered_until"]})
    assert [json.loads(line)["source_id"] for line in later.text.splitlines()] == ["b", "e", "new", "f"]


async def test_an_erased_person_is_in_no_batch_that_is_read_afterwards(client: httpx.AsyncClient, deliver: Deliver, begin: Begin) -> None:
    await deliver(*({"name": name, "source_id": name, "prospects": [{"email": "maria@example.com"}]} for name in SEVEN))
    batches = await begin()
    assert b"maria" in (await anext(batches)).lines
    await client.post("/erasures", json={"email": "maria@example.com"})
    assert await rest(batches) == []


async def test_a_batch_ends_once_it_has_so_many_bytes(deliver: Deliver, begin: Begin) -> None:
    await deliver(*SEVEN)
    size = len((await anext(await begin(companies=1))).lines)
    assert await rest(await begin(companies=7, size=1)) == [[name] for name in SEVEN]
    assert await rest(await begin(companies=7, size=2 * size)) == [["a", "b", "c"], ["d", "e", "f"], ["g"]]


async def test_a_stretch_of_withdrawals_is_passed_over_batch_by_batch(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, begin: Begin
) -> None:
    result = await deliver(*SEVEN)
    for item in result["items"][:5]:
        await client.delete(f"/deliveries/{search_id}/companies/{item['id']}")
    await deliver("last")
    assert await rest(await begin()) == [["f", "g"], [], [], ["last"]]


# What a batch costs.


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


@pytest.mark.parametrize("is_withdrawn", [False, True])
async def test_a_batch_reads_no_more_than_it_holds_wherever_it_begins(database: Database, search_id: str, is_withdrawn: bool) -> None:
    await database.execute(
        """
        INSERT INTO delivery (prospect_search_id, position, delivered_at, company_id, is_removal, document, superseded_at)
        SELECT $1, n, $2::timestamptz + n * interval '1 second', gen_random_uuid(), $3, repeat('x', 200), CASE WHEN n % 3 = 0 THEN now() END
        FROM generate_series(1, 20000) AS n
        """,
        search_id,
        BEGIN,
        is_withdrawn,
    )
    await database.execute("ANALYZE delivery")
    watermark = BEGIN + timedelta(seconds=15_000)
    for seconds in (0, 7_000, 14_000):
        arguments = search_id, BEGIN + timedelta(seconds=seconds), watermark, False, 100, 1 << 20, None
        plan = json.loads(await database.value(f"EXPLAIN (ANALYZE, FORMAT JSON) {SQL.export_batch}", *arguments))[0]["Plan"]
        assert [node["Actual Rows"] for node in nodes(plan) if node["Node Type"] == "Sort" and node["Actual Rows"]] == []
        (read,) = [node for node in nodes(plan) if node.get("Relation Name") == "delivery" and node["Actual Rows"]]
        assert "delivered_at >" in read["Index Cond"]
        assert "delivered_at <=" in read["Index Cond"]
        assert read["Actual Rows"] <= 101
        assert read.get("Rows Removed by Filter", 0) == 0
