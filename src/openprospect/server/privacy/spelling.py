"""How the documents of an organization write mailboxes of which only the hashes are known: after a restore."""

import asyncio
from collections import defaultdict
from collections.abc import Collection

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.pool import Connection
from openprospect.server.feed import store as feed
from openprospect.server.feed.rows.addresses import addresses_in
from openprospect.server.privacy import store
from openprospect.server.privacy.mentions import portions

_AT_ONCE = 5_000
"""Documents that are in memory together."""

Spellings = dict[bytes, set[str]]
"""Mailboxes by their hashes, and the addresses that mean them."""


async def spellings_in(db: Connection, organization_id: OrganizationId, mailboxes: Collection[bytes]) -> Spellings:
    """Read every document for the addresses in it, wherever they stand; those of these mailboxes."""
    hasher = await feed.hasher_of(db, organization_id)
    feeds = await store.feeds_of(db, organization_id)
    spellings: Spellings = defaultdict(set)
    for stretches in portions(((search_id, 0, now.position) for search_id, now in feeds.items()), _AT_ONCE):
        for address in await asyncio.to_thread(addresses_in, await store.contents(db, stretches)):
            digest = hasher.email(address)
            if digest is not None and digest in mailboxes:
                spellings[digest].add(address.lower())
    return spellings
