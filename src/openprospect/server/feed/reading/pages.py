"""Reading a feed: the page that a request asks for, live or as of its walk's watermark. Documents pass through as bytes."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Self

from openprospect.server.access.credential import Credential
from openprospect.server.access.model import Caller
from openprospect.server.core.coalescing import Coalescer
from openprospect.server.core.errors import Gone
from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.db.pool import Database, Row
from openprospect.server.db.replicas import Replicas
from openprospect.server.feed.reading import store
from openprospect.server.feed.reading.ask import Ask
from openprospect.server.feed.reading.copies import read_copy
from openprospect.server.feed.reading.store import Asked
from openprospect.server.feed.reading.walks import NewWalk
from openprospect.server.searches.lookup import unknown_search


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`companies` is JSON, comma-separated; `last_at` the time of the last of them."""

    companies: bytes
    count: int
    total: int
    has_more: bool
    watermark: datetime
    last_at: datetime | None
    etag: str

    @property
    def served_until(self) -> datetime | None:
        """What a consumer has been given once it has this page."""
        return self.last_at if self.has_more else self.watermark


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Reads pages. Each statement looks up the keys that it is given beside the rows: whoever may not read gets none.

    What is asked for at once is read together: many for one statement's costs.
    """

    database: Database
    replicas: Replicas
    live: Coalescer[Asked, Row]
    polls: Coalescer[Asked, Row]
    later: Coalescer[Asked, Row]
    beginnings: Coalescer[NewWalk, None]

    @classmethod
    def of(cls, database: Database, replicas: Replicas) -> Self:
        return cls(
            database=database,
            replicas=replicas,
            live=Coalescer(partial(store.pages, database), weigh=_bytes),
            polls=Coalescer(partial(store.polls, database)),
            later=Coalescer(partial(store.pages_at, database), weigh=_bytes),
            beginnings=Coalescer(partial(store.begin_walks, database)),
        )

    async def read(self, key: Credential, ask: Ask) -> tuple[Caller, Page]:
        """Raises Unauthenticated, Forbidden, NotFound for a search that is not the caller's, Gone where its walk has expired."""
        return await (self._later(key, ask) if ask.offset else self._live(key, ask))

    async def unchanged(self, key: Credential, ask: Ask, etags: set[str]) -> tuple[Caller, Page] | None:
        """The page without its companies, where the caller holds it and nothing comes after it: an empty poll reads no document."""
        if ask.offset:
            return None
        row = await self.polls.answer((key, ask))
        page = _page(ask, {"companies": b"", "count": 0, "total": 0, "last_at": None, **row}, has_more=False)
        if row["watermark"] is not None and page.etag not in etags:
            return None  # the page that is read then is what counts for the key
        return await _admitted(key, row), page

    async def _live(self, key: Credential, ask: Ask) -> tuple[Caller, Page]:
        caller, row = await self._copy(key, ask) or await self._original(key, ask)
        page = _page(ask, row, has_more=row["total"] > row["count"])
        if page.has_more and ask.begins_walk and not row["is_begun"]:
            await self._begin(caller, ask, row)
        return caller, page

    async def _original(self, key: Credential, ask: Ask) -> tuple[Caller, Row]:
        row = await self.live.answer((key, ask))
        return await _admitted(key, row), row

    async def _copy(self, key: Credential, ask: Ask) -> tuple[Caller, Row] | None:
        """The page from a replica. Whose key it is and where the feed and its walks stand, the primary says."""
        if not self.replicas:
            return None
        head = await self.polls.answer((key, ask))
        row = await read_copy(self.replicas, head, partial(_read, (key, ask)))
        return (await _admitted(key, head), {**row, "is_begun": False}) if row else None

    async def _later(self, key: Credential, ask: Ask) -> tuple[Caller, Page]:
        row = await self.later.answer((key, ask))
        caller = await _admitted(key, row)
        if row["is_expired"]:
            await store.tell_walk(self.database, ask.search_id, row["walk_id"])
            raise _contested() if row["is_contested"] else _expired()
        if row["walk_id"] is None and row["has_more"]:
            # Somebody starts in the middle: the walk begins there, with the snapshot of now.
            await self._begin(caller, ask, row)
        return caller, _page(ask, row, has_more=row["has_more"])

    async def _begin(self, caller: Caller, ask: Ask, row: Row) -> None:
        walk = NewWalk(
            search_id=ask.search_id,
            consumer=caller.consumer,
            since=ask.since,
            watermark=row["watermark"],
            total=row["total"],
            next_offset=ask.offset + row["count"],
            next_position=row["last_position"] + 1,
            page_offset=ask.offset,
            page_position=row["first_position"],
        )
        await self.beginnings.answer(walk)


def _bytes(row: Row) -> int:
    return len(row["companies"] or b"")


async def _read(asked: Asked, replica: Database) -> Row:
    (row,) = await store.pages(replica, [asked])
    return row


def _expired() -> Gone:
    return Gone("This walk has expired: more than an hour has passed since its last page. Start again at offset 0.", code="WALK_EXPIRED")


def _contested() -> Gone:
    return Gone(
        "Another run of this consumer stands at the same page, and which of the two asks cannot be told. Start again at offset 0; "
        "programs that run side by side need keys of different names.",
        code="WALK_CONTESTED",
    )


async def _admitted(key: Credential, row: Row) -> Caller:
    """Who asks; raises NotFound where they have no such search, and before that whatever speaks against them."""
    caller = await key.admit(row)
    if row["watermark"] is None:
        raise unknown_search()
    return caller


def _page(ask: Ask, row: Row, *, has_more: bool) -> Page:
    return Page(
        companies=row["companies"],
        count=row["count"],
        total=row["total"],
        has_more=has_more,
        watermark=row["watermark"],
        last_at=row["last_at"],
        etag=_etag(ask, row["watermark"], row["erasures"], has_more=has_more),
    )


def _etag(ask: Ask, watermark: datetime, erasures: int, *, has_more: bool) -> str:
    """What a page shows follows from these alone: a feed's state is its watermark, and erasures reach into the past."""
    state = f"{ask.tag} {format_timestamp(watermark)} {erasures} {has_more}"
    return f'W/"{hashlib.blake2b(state.encode(), digest_size=12).hexdigest()}"'
