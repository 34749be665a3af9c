"""Who is there to take what a feed holds. Pure rules."""

from collections import Counter
from collections.abc import Sequence

from openprospect.server.observability.model import Feed, Queue, Standing
from openprospect.server.searches.model import SearchId


def consumers_of(standings: Sequence[Standing], queues: Sequence[Queue]) -> Counter[SearchId]:
    """How many consumers each feed has: those who pulled it and may again, and the endpoints that follow it."""
    pullers = Counter(standing.search_id for standing in standings if standing.is_expected and not standing.webhook_url)
    return pullers + Counter(queue.search_id for queue in queues if not queue.is_off)


def unattended(feeds: Sequence[Feed], standings: Sequence[Standing], queues: Sequence[Queue]) -> list[Feed]:
    """The feeds that hold companies, and have no consumer."""
    consumers = consumers_of(standings, queues)
    return [feed for feed in feeds if feed.companies and not consumers[feed.search_id]]
