"""How the documents of an organization write mailboxes of which only the hashes are known: after a restore."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection
from typing import Any

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.pool import Connection
from openprospect.server.feed import store as feed
from openprospect.server.feed.rows.addresses import addresses_in
from openprospect.server.privacy import store
from openprospect.server.privacy.reading import BYTES_AT_ONCE
from openprospect.server.searches.model import SearchId

_AT_ONCE = 5_000
"""Documents that are in memory together, within the bytes that are; the last of them may go beyond these."""

Spellings = dict[bytes, set[str]]
"""Mailboxes by their hashes, and the addresses that mean them."""


async def spellings_in(
    db: Connection, organization_id: OrganizationId, mailboxes: Collection[bytes], *, bytes_at_once: int = BYTES_AT_ONCE
) -> Spellings:
    """Read every document for the addresses in it, wherever they stand; those of these mailboxes."""
    hasher = await feed.hasher_of(db, organization_id)
    spellings: Spellings = defaultdict(set)
    for search_id, now in (await store.feeds_of(db, organization_id)).items():
        async for documents in _documents(db, search_id, until=now.position, bytes_at_once=bytes_at_once):
            for address in await asyncio.to_thread(addresses_in, documents):
                digest = hasher.email(address)
                if digest is not None and digest in mailboxes:
                    spellings[digest].add(address.lower())
    return spellings


async def _documents(db: Connection, search_id: SearchId, *, until: int, bytes_at_once: int) -> AsyncIterator[list[Any]]:
    position: int | None = 0
    while position is not None:
        position, documents = await store.contents(db, search_id, after=position, until=until, documents=_AT_ONCE, size=bytes_at_once)
        yield documents
