"""Exports: all that is live, or was at one moment, and was delivered after one time and up to another. Documents pass through as bytes.

Nothing is held between two batches, neither a transaction nor a connection: whoever reads slowly is in nobody's way.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from openprospect.server.access.model import OrganizationId
from openprospect.server.core.errors import Gone, InvalidInput
from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.db.pool import Database, Row
from openprospect.server.db.replicas import NO_REPLICAS, Replicas
from openprospect.server.feed import store as feed
from openprospect.server.feed.exporting import store
from openprospect.server.feed.reading.copies import read_copy
from openprospect.server.searches.lookup import unknown_search
from openprospect.server.searches.model import SearchId

# Whichever comes first ends a batch. With more, PostgreSQL takes fresh memory from the system for each, at three times the cost.
BATCH_COMPANIES = 500
BATCH_BYTES = 512 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What a stream gives out: what was delivered after `since`, if given, and up to `watermark`.

    As the feed stood at `as_of`, if given; else as it stands when a batch is read.
    """

    search_id: SearchId
    organization_id: OrganizationId
    since: datetime | None
    watermark: datetime
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportChunk:
    """Companies as JSON, each with a line feed after it. None of them where all of a stretch is withdrawn."""

    lines: bytes
    last_at: datetime


async def begin_export(
    database: Database,
    search_id: SearchId,
    organization_id: OrganizationId,
    *,
    since: datetime | None,
    until: datetime | None = None,
    as_of: datetime | None = None,
) -> Export:
    """An export up to where the feed stands now, or to `until` before that.

    Raises NotFound for a search that is not the organization's, InvalidInput where the feed has not come to `as_of` yet, Gone where it
    cannot be read any more as it stood.
    """
    head = await feed.head(database, search_id, organization_id)
    if head is None:
        raise unknown_search()
    if as_of is not None and as_of > head["watermark"]:
        raise InvalidInput(
            f"as_of is later than the feed, which goes up to {format_timestamp(head['watermark'])}. "
            "Take it from the Delivery-Watermark of a walk.",
            parameter="as_of",
        )
    watermark = min(moment for moment in (head["watermark"], until, as_of) if moment is not None)
    export = Export(search_id=search_id, organization_id=organization_id, since=since, watermark=watermark, as_of=as_of)
    await _check_snapshot(database, export)
    return export


async def read_batches(
    database: Database,
    export: Export,
    *,
    replicas: Replicas = NO_REPLICAS,
    companies: int = BATCH_COMPANIES,
    size: int = BATCH_BYTES,
) -> AsyncIterator[ExportChunk]:
    """Each as the feed stands when it is read: what has changed since the export began is left to whoever goes on from its watermark."""
    after = export.since
    while after is None or after < export.watermark:
        row = await _batch(database, replicas, export, after=after, companies=companies, size=size)
        # Afterwards: what is kept now was kept when the batch was read.
        await _check_snapshot(database, export)
        after = row["last_at"]
        if after is None:
            return
        yield ExportChunk(lines=b"%b\n" % row["companies"] if row["companies"] else b"", last_at=after)


async def _batch(database: Database, replicas: Replicas, export: Export, *, after: datetime | None, companies: int, size: int) -> Row:
    async def read(db: Database) -> Row:
        return await store.export_batch(
            db,
            export.search_id,
            after=after,
            until=export.watermark,
            with_removals=export.since is not None,
            companies=companies,
            size=size,
            as_of=export.as_of,
        )

    head = await feed.head(database, export.search_id, export.organization_id) if replicas else None
    return (head and await read_copy(replicas, head, read)) or await read(database)


async def _check_snapshot(database: Database, export: Export) -> None:
    if export.as_of is not None and not await store.keep_snapshot(database, export.search_id, export.as_of):
        raise Gone(
            "This snapshot has expired. Start a new walk at offset 0, and pass its Delivery-Watermark as as_of.", code="SNAPSHOT_EXPIRED"
        )
