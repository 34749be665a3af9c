"""The statements that the limits run, with their arguments: the service's own, and of a walk's page the reading alone."""

from datetime import datetime
from uuid import UUID

from bench.read.data import PAGE, Data
from openprospect.server.access.model import Scope
from openprospect.server.feed.reading.store import SQL

Call = tuple[str, list[object]]

# As in `page_at`, without the key, the choice of the walk, and its step.
_PAGE_AS_OF = """
SELECT count(*) AS count, max(delivered_at) AS last_at,
    convert_to(coalesce(string_agg(document, ',' ORDER BY position), ''), 'UTF8') AS companies
FROM (
    SELECT position, delivered_at, document FROM delivery
    WHERE prospect_search_id = $1 AND position >= $2 AND delivered_at <= $3 AND coalesce(superseded_at, 'infinity') > $3
        AND NOT is_removal
    ORDER BY position LIMIT $4
) AS page
"""


def page(data: Data, *, since: datetime | None) -> Call:
    """A page of the feed as it is now, for whom the key stands for."""
    scopes = [str(Scope.COMPANIES_READ), str(Scope.PROSPECTS_READ)]
    return SQL.page, [data.secret_hash, scopes, UUID(data.main.search_id), since, PAGE, False]


def page_as_of(data: Data, *, position: int) -> Call:
    """A page of a walk, from a position on. Nothing was ever replaced in this feed, so a position is an offset plus one."""
    return _PAGE_AS_OF, [UUID(data.main.search_id), position, datetime.fromisoformat(data.main.watermark), PAGE]
