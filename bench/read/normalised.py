"""The same content in the tables of a peer: a database for each, copied from one that is filled from the finished documents."""

from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from bench.database import sibling
from bench.read.data import Data
from openprospect.server.feed.wire import DeliveredCompany

_PEERS = Path(__file__).resolve().parent.parent / "peers"
_TEMPLATE = "peer"
_AT_ONCE = 5_000
_COMPANY = ("id", "prospect_search_id", "name", "website_url", "source_id", "delivered_at")
_PROSPECT = ("id", "company_id", "place", "first_name", "last_name", "email", "job_title")
# Feeds that were churned are the service's own affair: a peer has no answer to a walk across them.
_DELIVERED = """
    SELECT prospect_search_id, delivered_at, document FROM delivery AS current
    WHERE NOT EXISTS (SELECT FROM delivery AS old WHERE old.prospect_search_id = current.prospect_search_id AND superseded_at IS NOT NULL)
    ORDER BY prospect_search_id, position
"""
_decode = msgspec.json.Decoder(DeliveredCompany).decode


async def make_databases(data: Data, names: Sequence[str]) -> dict[str, str]:
    """A database a name; answers their URLs."""
    ours = await asyncpg.connect(data.dsn)
    try:
        await ours.execute(f"CREATE DATABASE {_TEMPLATE}")
        await _fill(ours, data, sibling(data.dsn, _TEMPLATE))
        for name in names:
            await ours.execute(f"CREATE DATABASE {_TEMPLATE}_{name} TEMPLATE {_TEMPLATE}")
    finally:
        await ours.close()
    return {name: sibling(data.dsn, f"{_TEMPLATE}_{name}") for name in names}


async def _fill(ours: Any, data: Data, dsn: str) -> None:
    theirs = await asyncpg.connect(dsn)
    try:
        await theirs.execute((_PEERS / "tables.sql").read_text(encoding="utf-8"))
        await _copy_owners(ours, theirs, data)
        async for batch in _batches(ours):
            await _copy(theirs, batch)
        await theirs.execute((_PEERS / "indexes.sql").read_text(encoding="utf-8"))
        await theirs.execute("VACUUM ANALYZE")
    finally:
        await theirs.close()


async def _copy_owners(ours: Any, theirs: Any, data: Data) -> None:
    owner = UUID(data.organization_id)
    await theirs.execute("INSERT INTO organization VALUES ($1, 'bench')", owner)
    scopes = ["companies:read", "prospects:read"]
    keys = [(uuid4(), owner, sha256(key.encode()).hexdigest(), scopes, None) for key in data.keys]
    await theirs.copy_records_to_table("api_key", records=keys)
    searches = await ours.fetch("SELECT id, organization_id, name FROM prospect_search")
    await theirs.copy_records_to_table("prospect_search", records=map(tuple, searches))


async def _batches(ours: Any) -> AsyncIterator[list[Any]]:
    async with ours.transaction():
        cursor = await ours.cursor(_DELIVERED)
        while batch := await cursor.fetch(_AT_ONCE):
            yield batch


async def _copy(theirs: Any, batch: list[Any]) -> None:
    documents = [(row, _decode(row["document"])) for row in batch]
    companies = [
        (company.id, row["prospect_search_id"], company.name, company.website_url, company.source_id, row["delivered_at"])
        for row, company in documents
    ]
    people = [
        (person.id, company.id, place, person.first_name, person.last_name, person.email, person.job_title)
        for _, company in documents
        for place, person in enumerate(company.prospects)
    ]
    await theirs.copy_records_to_table("company", columns=_COMPANY, records=companies)
    await theirs.copy_records_to_table("prospect", columns=_PROSPECT, records=people)
