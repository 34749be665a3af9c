"""What `/metrics` shows beyond requests: read from the database at the moment of asking, so that it is the same from every worker."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from openprospect.server.core.deadline import by_deadline
from openprospect.server.core.errors import Misconfigured, Unavailable
from openprospect.server.db.pool import Database
from openprospect.server.observability import store
from openprospect.server.observability.model import DatabaseHealth, ExpiringKey, Queue, Standing, WaitingErasure
from openprospect.server.observability.watch import Watch, load_watch

_FEED = ("organization", "search_id", "search")


class Scrape(Collector):
    """Families gathered beforehand, since the database is asked asynchronously and a registry collects synchronously."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


async def scrape(database: Database, version: str, *, seconds: float) -> Scrape:
    """Everything there is to tell; where the database does not tell it in time, that it is away."""
    info = InfoMetricFamily("openprospect", "This service")
    up = GaugeMetricFamily("openprospect_database_up", "Whether the database answers")
    try:
        health, families = await by_deadline(_read(database), seconds=seconds, message="The database does not answer.")
    except (Unavailable, Misconfigured):
        info.add_metric([], {"version": version})
        up.add_metric([], 0)
        return Scrape([info, up])
    info.add_metric([], {"version": version, "database": "embedded" if health.is_embedded else "own", "postgresql": health.version})
    up.add_metric([], 1)
    return Scrape([info, up, *families])


async def _read(database: Database) -> tuple[DatabaseHealth, list[Metric]]:
    health = await store.database_health(database)
    watch = await load_watch(database, None)
    return health, [
        *_of_feeds(watch),
        *_of_consumers(watch.standings),
        *_of_webhooks(watch.queues),
        _of_keys(await store.expiring_keys(database)),
        *_of_erasures(await store.waiting_erasures(database, None)),
        *_of_database(health),
    ]


def _of_feeds(watch: Watch) -> Iterator[Metric]:
    companies = GaugeMetricFamily("openprospect_feed_companies", "Companies that are live in a feed", labels=_FEED)
    prospects = GaugeMetricFamily("openprospect_feed_prospects", "People at the live companies of a feed", labels=_FEED)
    deliveries = CounterMetricFamily("openprospect_deliveries", "Companies delivered, delivered again or withdrawn", labels=_FEED)
    watermark = GaugeMetricFamily("openprospect_feed_watermark_timestamp_seconds", "Up to when a feed is complete", labels=_FEED)
    consumers = GaugeMetricFamily(
        "openprospect_feed_consumers", "Consumers of a feed whose keys are not revoked, and endpoints", labels=_FEED
    )
    consumers_by_feed = watch.consumers_by_feed
    for feed in watch.feeds:
        labels = (feed.organization, str(feed.search_id), feed.search)
        companies.add_metric(labels, feed.companies)
        prospects.add_metric(labels, feed.prospects)
        deliveries.add_metric(labels, feed.deliveries)
        watermark.add_metric(labels, feed.watermark.timestamp())
        consumers.add_metric(labels, consumers_by_feed[feed.search_id])
    yield from (companies, prospects, deliveries, watermark, consumers)


def _of_consumers(standings: Sequence[Standing]) -> Iterator[Metric]:
    labels = (*_FEED, "consumer")
    behind = GaugeMetricFamily("openprospect_consumer_behind_companies", "Companies that a consumer has not confirmed", labels=labels)
    oldest = GaugeMetricFamily(
        "openprospect_consumer_oldest_unconfirmed_timestamp_seconds", "Delivery of the oldest company not confirmed", labels=labels
    )
    seen = GaugeMetricFamily("openprospect_consumer_seen_timestamp_seconds", "When a consumer last moved on", labels=labels)
    for standing in standings:
        if not standing.is_expected:
            continue  # an alert about it would never end
        values = (standing.organization, str(standing.search_id), standing.search, standing.consumer)
        behind.add_metric(values, standing.behind_companies)
        _add_moment(oldest, values, standing.oldest_unconfirmed_at)
        _add_moment(seen, values, standing.seen_at)
    yield from (behind, oldest, seen)


def _of_webhooks(queues: Sequence[Queue]) -> Iterator[Metric]:
    labels = (*_FEED, "webhook_id")
    waiting = GaugeMetricFamily("openprospect_webhook_waiting_companies", "Companies that an endpoint has yet to accept", labels=labels)
    oldest = GaugeMetricFamily("openprospect_webhook_oldest_timestamp_seconds", "Delivery of the oldest of them", labels=labels)
    failing = GaugeMetricFamily("openprospect_webhook_failing", "Whether an endpoint fails, or was given up", labels=labels)
    for queue in queues:
        values = (queue.organization, str(queue.search_id), queue.search, str(queue.webhook_id))
        waiting.add_metric(values, queue.waiting)
        _add_moment(oldest, values, queue.oldest_at)
        failing.add_metric(values, queue.is_failing)
    yield from (waiting, oldest, failing)


def _of_keys(keys: Sequence[ExpiringKey]) -> Metric:
    expires = GaugeMetricFamily(
        "openprospect_key_expires_timestamp_seconds", "When the last key of a name stops working", labels=["organization", "key_name"]
    )
    for key in keys:
        expires.add_metric((key.organization, key.name), key.expires_at.timestamp())
    return expires


def _of_erasures(waiting: Sequence[WaitingErasure]) -> Iterator[Metric]:
    unconfirmed = GaugeMetricFamily(
        "openprospect_erasures_unconfirmed", "Erasures that a recipient has yet to confirm", labels=["organization"]
    )
    late = GaugeMetricFamily("openprospect_erasures_late", "Those of them past their deadline", labels=["organization"])
    nearest = GaugeMetricFamily("openprospect_erasures_next_deadline_timestamp_seconds", "The nearest deadline", labels=["organization"])
    for organization in sorted({erasure.organization for erasure in waiting}):
        own = [erasure for erasure in waiting if erasure.organization == organization]
        unconfirmed.add_metric([organization], len(own))
        late.add_metric([organization], sum(erasure.is_late for erasure in own))
        nearest.add_metric([organization], min(erasure.deadline_at for erasure in own).timestamp())
    yield from (unconfirmed, late, nearest)


def _of_database(health: DatabaseHealth) -> Iterator[Metric]:
    connections = GaugeMetricFamily(
        "openprospect_database_connections",
        "Connections to the database server; busy: those to this database with a statement or transaction under way",
        labels=["state"],
    )
    connections.add_metric(["busy"], health.busy_connections)
    connections.add_metric(["idle"], health.connections - health.busy_connections)
    yield connections
    yield _gauge("openprospect_database_connection_limit", "Connections that the database allows", health.connection_limit)
    yield _gauge("openprospect_database_bytes", "Size of the database", health.bytes)
    if health.oldest_transaction_seconds is not None:
        yield _gauge(
            "openprospect_database_oldest_transaction_seconds", "Age of the oldest open transaction", health.oldest_transaction_seconds
        )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _add_moment(family: GaugeMetricFamily, labels: Sequence[str], moment: datetime | None) -> None:
    if moment is not None:
        family.add_metric(labels, moment.timestamp())
