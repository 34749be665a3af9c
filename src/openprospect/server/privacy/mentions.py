"""Which companies of an organization have a document that may hold somebody's address: every document that is kept is read for it, once.

Whether it does, the rules that deliveries go by decide, which know every spelling.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.pool import Executor
from openprospect.server.feed.rows.identity import email_key
from openprospect.server.privacy import store
from openprospect.server.privacy.model import Place
from openprospect.server.privacy.store import PositionRange
from openprospect.server.searches.model import SearchId

_AT_ONCE = 50_000
"""Documents a statement: a fraction of a second, and no more companies than are quickly taken in, where all of them name somebody."""


class Mentions:
    """What was found so far. Whoever asks again waits only for documents that are new."""

    def __init__(self, organization_id: OrganizationId, *, documents_at_once: int = _AT_ONCE) -> None:
        self._organization_id = organization_id
        self._at_once = documents_at_once
        self._found: dict[str, set[Place]] = defaultdict(set)
        self._read_until: dict[str, dict[SearchId, int]] = defaultdict(dict)

    async def of(self, db: Executor, email: str) -> set[Place]:
        """Where an address may stand, whatever surrounds it: as part of a longer one, too."""
        key = email_key(email)
        found, read_until = self._found[key], self._read_until[key]
        # Positions are visible in their order: whatever comes later stands behind these.
        feeds = await store.feeds_of(db, self._organization_id)
        unread = ((search_id, read_until.get(search_id, 0), feed.position) for search_id, feed in feeds.items())
        for stretches in split_ranges(unread, self._at_once):
            found |= await store.naming(db, stretches, key)
        read_until |= {search_id: feed.position for search_id, feed in feeds.items()}
        return found


def split_ranges(stretches: Iterable[PositionRange], size: int) -> Iterator[list[PositionRange]]:
    """Stretches of feeds, cut and put together so that each portion has so many positions."""
    portion, room = [], size
    for search_id, after, until in stretches:
        begin = after
        while begin < until:
            end = min(until, begin + room)
            portion.append((search_id, begin, end))
            room -= end - begin
            begin = end
            if not room:
                yield portion
                portion, room = [], size
    if portion:
        yield portion
