"""Reads the documents of some companies in chunks, and again only those that are new or have changed since."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from typing import TypeVar

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.pool import Executor
from openprospect.server.feed.model import CompanyId
from openprospect.server.privacy import store
from openprospect.server.privacy.model import FeedState, KeptDocument, Place
from openprospect.server.searches.model import SearchId

_AT_ONCE = 1_000
BYTES_AT_ONCE = 8 << 20
T = TypeVar("T")


def chunked(items: Iterable[T], *, bytes_of: Callable[[T], int] = lambda _: 0, bytes_at_once: int = BYTES_AT_ONCE) -> Iterator[list[T]]:
    """So few and so little at a time that nobody notices: others are answered between them. One alone may be larger."""
    portion: list[T] = []
    size = 0
    for item in items:
        if portion and (len(portion) == _AT_ONCE or size + bytes_of(item) > bytes_at_once):
            yield portion
            portion, size = [], 0
        portion.append(item)
        size += bytes_of(item)
    if portion:
        yield portion


class IncrementalReader:
    """The documents that were looked at with one question in mind; whoever reads on is given those that are new or were changed."""

    def __init__(self, organization_id: OrganizationId, *, bytes_at_once: int = BYTES_AT_ONCE) -> None:
        self._organization_id = organization_id
        self._bytes_at_once = bytes_at_once
        self._question: object = None
        self._feeds: dict[SearchId, FeedState] = {}
        self._read: set[Place] = set()

    def ask(self, question: object) -> None:
        """Another question is put to every document."""
        if question != self._question:
            self._question = question
            self._read.clear()

    async def read_on(self, db: Executor, places: Collection[Place]) -> AsyncIterator[list[KeptDocument]]:
        """Documents of those places that were not read yet, or have another document since; all documents of a place at once.

        A place that is not asked about any more is forgotten.
        """
        self._read &= set(places)
        feeds = await store.feeds_of(db, self._organization_id)
        for search_id, feed in feeds.items():
            if search_id in self._feeds:
                self._read -= await self._changed(db, search_id, self._feeds[search_id], feed)
        self._feeds = feeds
        unread: dict[SearchId, list[CompanyId]] = defaultdict(list)
        for search_id, company_id in set(places) - self._read:
            unread[search_id].append(company_id)
        for search_id, company_ids in unread.items():
            async for portion in self._chunked(db, search_id, company_ids):
                yield await store.documents_of(db, search_id, portion)
                self._read.update((search_id, company_id) for company_id in portion)

    async def _chunked(self, db: Executor, search_id: SearchId, company_ids: Sequence[CompanyId]) -> AsyncIterator[list[CompanyId]]:
        for some in chunked(company_ids):
            sizes = await store.sizes_of(db, search_id, some)
            for portion in chunked(some, bytes_of=sizes.__getitem__, bytes_at_once=self._bytes_at_once):
                yield portion

    async def _changed(self, db: Executor, search_id: SearchId, before: FeedState, now: FeedState) -> set[Place]:
        """Positions are visible in their order, and what stands at one changes by erasures alone."""
        if now.erasures != before.erasures:
            return {place for place in self._read if place[0] == search_id}
        if now.position == before.position:
            return set()
        return {(search_id, company_id) for company_id in await store.moved(db, search_id, before.position)}
