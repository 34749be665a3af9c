"""Reading and sending receipts, which are written a moment after the page that proves them."""

import asyncio

from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.feed.receipts import FLUSH_SECONDS
from openprospect.server.observability.store import standings


async def receipts(database, search_id):
    return {standing.consumer: _receipt(standing) for standing in await standings(database, None, search_id)}


def _receipt(standing):
    kept = ("seen_at", "behind_companies", "oldest_unconfirmed_at")
    return {"key_name": standing.consumer, "delivered_until": standing.confirmed_until} | {name: getattr(standing, name) for name in kept}


async def receipt_once(database, search_id, condition, *, name="crm"):
    """The consumer's receipt, once it is as wanted: it is written behind the reading path."""
    async with asyncio.timeout(10):
        while True:
            receipt = (await receipts(database, search_id)).get(name)
            if receipt and condition(receipt):
                return receipt
            await asyncio.sleep(0.05)


async def confirmed_until(database, search_id, until, *, name="crm"):
    return await receipt_once(database, search_id, lambda receipt: format_timestamp(receipt["delivered_until"]) == until, name=name)


async def served(database, search_id, *, name="crm"):
    return await receipt_once(database, search_id, lambda _: True, name=name)


async def put(client, search_id, until):
    response = await client.put(f"/deliveries/{search_id}/receipt", json={"delivered_until": until})
    assert response.status_code == 200, response.text
    return response.json()


async def steps(database, search_id):
    rows = await database.rows("SELECT consumer, kind, until FROM receipt_step WHERE prospect_search_id = $1 ORDER BY id", search_id)
    return [(row["kind"], format_timestamp(row["until"])) for row in rows]


async def settled():
    """Long enough for everything that would be written to be written, and for a claim to lose its patience."""
    await asyncio.sleep(1.2 * FLUSH_SECONDS)
