"""What Spark runs: on the driver to plan a read, on its workers to carry it out."""

import logging
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from pyspark.sql.datasource import DataSourceReader, DataSourceStreamReader
from pyspark.sql.streaming.datasource import SupportsTriggerAvailableNow

from openprospect.connectors.spark.columns import rows_of
from openprospect.connectors.spark.offsets import Offset, check_same_instances, heads_in, offset_of
from openprospect.connectors.spark.options import Options
from openprospect.connectors.spark.planning import Interval, arrivals, snapshot
from openprospect.sync.client import Client
from openprospect.sync.errors import SyncError
from openprospect.sync.instances import mended_by
from openprospect.sync.parts import Head

_RELOAD = "Start the stream anew, with a new checkpoint and a new table."

log = logging.getLogger("openprospect.spark")


class _Reader:
    def __init__(self, options: Options, names: list[str]) -> None:
        self._options = options
        self._names = names

    def read(self, partition: Interval) -> Iterator[pa.RecordBatch]:
        part = partition.part
        with self._options.connect() as feed:
            for batch in feed.batches(part):
                yield rows_of(batch, part.search_id, names=self._names, has_removals=partition.has_removals)


class BatchReader(_Reader, DataSourceReader):
    """Every search as of one moment of its own."""

    def partitions(self) -> list[Interval]:
        since, companies_each = self._options.delivered_since, self._options.partition_companies
        with self._options.connect() as feed:
            return [
                interval
                for search_id in self._options.search_ids
                for interval in snapshot(feed, search_id, delivered_since=since, companies_each=companies_each)
            ]


class StreamReader(_Reader, DataSourceStreamReader, SupportsTriggerAvailableNow):
    """What is delivered, as it stands when it is read: a company that is delivered again meanwhile comes with the next batch instead."""

    _last: Offset | None = None

    def initialOffset(self) -> Offset:  # noqa: N802 - Spark's names, here and below
        since = self._options.delivered_since
        return offset_of(dict.fromkeys(self._options.search_ids, Head(watermark=since))) if since else {}

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802
        self._last = self._heads()

    def latestOffset(self, start: Offset, limit: Any) -> Offset:  # noqa: ARG002, N802
        latest = self._last or self._heads()
        with mended_by(_RELOAD):
            check_same_instances(start, latest, server=self._options.base_url)
        return latest

    def partitions(self, start: Offset, end: Offset) -> list[Interval]:
        after = {search_id: head.watermark for search_id, head in heads_in(start).items()}
        companies_each = self._options.partition_companies
        with mended_by(_RELOAD), self._options.connect() as feed:
            check_same_instances(start, end, server=self._options.base_url)
            return [
                interval
                for search_id, head in heads_in(end).items()
                if after.get(search_id) != head.watermark
                for interval in arrivals(feed, search_id, after=after.get(search_id), until=head, companies_each=companies_each)
            ]

    def commit(self, end: Offset) -> None:
        """Spark has written everything up to here: the receipt says so. One that fails is made good by the next."""
        with Client(self._options.base_url, self._options.api_key) as client:
            for search_id, head in heads_in(end).items():
                try:
                    client.confirm(search_id, head.watermark)
                except SyncError as error:
                    log.warning("The receipt of search %s was not taken: %s", search_id, error)

    def _heads(self) -> Offset:
        with self._options.connect() as feed:
            return offset_of({search_id: feed.head(search_id) for search_id in self._options.search_ids})
