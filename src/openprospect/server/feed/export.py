"""Exports: all that is live and was delivered after one time and up to another, batch by batch. Documents pass through as bytes.

Nothing is held between two batches, neither a transaction nor a connection: whoever reads slowly is in nobody's way.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.pool import Database
from openprospect.server.feed import store
from openprospect.server.searches.create import unknown_search
from openprospect.server.searches.model import SearchId

# Whichever comes first ends a batch. With more, PostgreSQL takes fresh memory from the system for each, at three times the cost.
BATCH_COMPANIES = 500
BATCH_BYTES = 512 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What a stream gives out: what was delivered after `since`, if given, and up to `watermark`."""

    search_id: SearchId
    since: datetime | None
    watermark: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Companies as JSON, each with a line feed after it. None of them where all of a stretch is withdrawn."""

    lines: bytes
    last_at: datetime


async def begin_export(database: Database, search_id: SearchId, organization_id: OrganizationId, *, since: datetime | None) -> Export:
    """An export up to where the feed stands now. Raises NotFound for a search that is not the organization's."""
    head = await store.head(database, search_id, organization_id)
    if head is None:
        raise unknown_search()
    return Export(search_id=search_id, since=since, watermark=head["watermark"])


async def read_batches(
    database: Database, export: Export, *, companies: int = BATCH_COMPANIES, size: int = BATCH_BYTES
) -> AsyncIterator[Batch]:
    """Each as the feed stands when it is read: what has changed since the export began is left to whoever goes on from its watermark."""
    after = export.since
    while after is None or after < export.watermark:
        row = await store.export_batch(
            database,
            export.search_id,
            after=after,
            watermark=export.watermark,
            with_removals=export.since is not None,
            companies=companies,
            size=size,
        )
        after = row["last_at"]
        if after is None:
            return
        yield Batch(lines=b"%b\n" % row["companies"] if row["companies"] else b"", last_at=after)
