"""How searches stand: what their feeds hold, who takes it, and how far each is. The console, the metrics and the commands all show this."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.pool import Executor
from openprospect.server.observability import store
from openprospect.server.observability.model import Feed, Queue, Standing
from openprospect.server.searches.model import SearchId


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Of one search, of a tenant's, or of all; of one consumer, where it is named, and then of no feed as such."""

    feeds: Sequence[Feed]
    standings: Sequence[Standing]
    queues: Sequence[Queue]
    consumer: str | None = None

    @property
    def pullers(self) -> list[Standing]:
        """Who pulled a feed and may again. What endpoints lack, their queues know best."""
        return [standing for standing in self.standings if standing.is_expected and not standing.webhook_url]

    @property
    def endpoints(self) -> list[Queue]:
        """The queues that nobody switched off."""
        return [queue for queue in self.queues if not queue.is_off]

    @property
    def consumers_by_feed(self) -> Counter[SearchId]:
        """How many each feed has."""
        return Counter(puller.search_id for puller in self.pullers) + Counter(queue.search_id for queue in self.endpoints)

    @property
    def unattended(self) -> list[Feed]:
        """The feeds that hold companies, and have no consumer."""
        consumers = self.consumers_by_feed
        return [feed for feed in self.feeds if feed.companies and not consumers[feed.search_id]]


async def load_watch(
    db: Executor, organization_id: OrganizationId | None, search_id: SearchId | None = None, *, consumer: str | None = None
) -> Watch:
    """Of all organizations where none is named, of all their searches, and of everybody."""
    return Watch(
        feeds=[] if consumer else await store.feeds(db, organization_id, search_id),
        standings=await store.standings(db, organization_id, search_id, consumer),
        queues=await store.queues(db, organization_id, search_id, consumer),
        consumer=consumer,
    )
