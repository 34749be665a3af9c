"""The service's own page statements, with their arguments: what the limits run without any service."""

from datetime import datetime
from uuid import UUID

from bench.read.data import PAGE, Data
from openprospect.server.feed.store import SQL

Call = tuple[str, list[object]]


def page(data: Data, *, since: datetime | None) -> Call:
    """A page of the feed as it is now."""
    return SQL.page, [UUID(data.main.search_id), UUID(data.organization_id), since, PAGE]


def page_as_of(data: Data, *, position: int) -> Call:
    """A page of a walk, from a position on. Nothing was ever replaced in this feed, so a position is an offset plus one."""
    return SQL.page_as_of, [UUID(data.main.search_id), position, datetime.fromisoformat(data.main.watermark), None, 0, PAGE]
