"""Walks that begin: what makes plain offset pages exact. Which one a page belongs to, the database's `walk_for` says."""

from dataclasses import dataclass
from datetime import datetime

from openprospect.server.searches.model import SearchId


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWalk:
    """One run through a feed's pages, pinned to a watermark: after its first page, which began at `page_position`."""

    search_id: SearchId
    consumer: str
    since: datetime | None
    watermark: datetime
    total: int
    next_offset: int
    next_position: int
    page_offset: int
    page_position: int
