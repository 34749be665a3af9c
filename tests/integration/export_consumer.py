"""A consumer that reads a feed by exports, batch by batch, while everything else goes on around it."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from openprospect.server.access.model import OrganizationId
from openprospect.server.core.timestamps import format_timestamp, parse_timestamp
from openprospect.server.db.pool import Database
from openprospect.server.feed.exporting.batches import ExportChunk, begin_export, read_batches
from openprospect.server.searches.model import SearchId
from tests.integration.feed_model import Entry, FeedModel

BATCH = 2


@dataclass
class Stream:
    """One that is under way: what it should show comes after `number`, up to `until`."""

    batches: AsyncIterator[ExportChunk]
    watermark: str
    shows_removals: bool
    number: int
    until: int


@dataclass
class ExportConsumer:
    """Upserts by `id`; goes on from the biggest time it received, and from the watermark where a stream was whole."""

    database: Database
    search_id: str
    feed: FeedModel
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    cursor: str | None = None
    stream: Stream | None = None

    async def take(self) -> None:
        """The next batch, held against the model; or the end."""
        self.stream = stream = self.stream or await self._begin()
        expected = self._expected(stream)
        batch = await anext(stream.batches, None)
        assert (batch is None) == (expected == [])
        if batch is None:
            self.cursor, self.stream = stream.watermark, None
            return
        items = [json.loads(line) for line in batch.lines.splitlines()]
        self.feed.check_items(items, [entry for entry in expected if stream.shows_removals or not entry.is_removed])
        stream.number = expected[-1].number
        self.held |= {item["id"]: item for item in items}
        self.cursor = items[-1]["delivered_at"] if items else self.cursor

    async def finish(self) -> None:
        """To the end of the stream, and then once more."""
        for _ in range(2):
            await self.take()
            while self.stream:
                await self.take()

    def break_off(self) -> None:
        self.stream = None

    async def _begin(self) -> Stream:
        search_id = SearchId(UUID(self.search_id))
        organization = await self.database.value("SELECT organization_id FROM prospect_search WHERE id = $1", search_id)
        since = parse_timestamp(self.cursor) if self.cursor else None
        if since is None:
            self.held.clear()
        export = await begin_export(self.database, search_id, OrganizationId(organization), since=since)
        watermark = format_timestamp(export.watermark)
        assert watermark == self.feed.watermark
        return Stream(
            batches=read_batches(self.database, export, companies=BATCH),
            watermark=watermark,
            shows_removals=since is not None,
            number=self.feed.number_at[self.cursor] if self.cursor else 0,
            until=self.feed.number_at[watermark],
        )

    def _expected(self, stream: Stream) -> list[Entry]:
        """What still stands where it stood when the stream began."""
        standing = sorted(self.feed.current.values(), key=lambda entry: entry.number)
        return [entry for entry in standing if stream.number < entry.number <= stream.until][:BATCH]
