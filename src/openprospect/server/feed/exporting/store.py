"""Reads what an export gives out."""

from datetime import datetime

from openprospect.server.db.pool import Executor, Row
from openprospect.server.db.queries import beside
from openprospect.server.feed.lifetimes import SURELY_KEPT, WALK_LIVES
from openprospect.server.searches.model import SearchId

SQL = beside(__file__)


async def export_batch(
    db: Executor,
    search_id: SearchId,
    *,
    after: datetime | None,
    until: datetime,
    with_removals: bool,
    companies: int,
    size: int,
    as_of: datetime | None,
) -> Row:
    """The last time, None at the end, and the companies, a line each: at most so many, and no more once they have so many bytes."""
    row = await db.row(SQL.export_batch, search_id, after, until, with_removals, companies, size, as_of)
    assert row is not None
    return row


async def keep_snapshot(db: Executor, search_id: SearchId, as_of: datetime) -> bool:
    """Whether the feed can still be read as it stood then; if so, for another while."""
    return bool(await db.value(SQL.keep_snapshot, search_id, as_of, WALK_LIVES, SURELY_KEPT))
