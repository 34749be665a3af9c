"""The statements that the limits run, with their arguments: what the service reads for a page and who asks, in one statement each."""

from datetime import datetime
from uuid import UUID

from bench.read.data import PAGE, Data
from openprospect.server.access.model import Scope

Call = tuple[str, list[object]]

# As in `pages`, for one that is asked for.
_PAGE = """
SELECT reader.*, page.* FROM reader_of($1, $2, $3) AS reader
LEFT JOIN LATERAL page_of_feed(reader.search_id, reader.live_companies, $4::timestamptz, $5) AS page ON true
"""
# As in `pages_at`, for one that is asked for, without the step.
_PAGE_AT = """
SELECT reader.*, page.* FROM reader_of($1, $2, $3) AS reader
LEFT JOIN LATERAL page_of_walk(
    reader.search_id, reader.watermark, reader.live_companies, reader.key_name, $4::timestamptz, $5, $6
) AS page ON true
"""
# The same without the key, and without the choice of the walk.
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
    return _PAGE, [*_reader(data), since, PAGE]


def page_at(data: Data, *, offset: int) -> Call:
    """A page at an offset that no walk knows."""
    return _PAGE_AT, [*_reader(data), None, PAGE, offset]


def page_as_of(data: Data, *, position: int) -> Call:
    """A page of a walk, from a position on. Nothing was ever replaced in this feed, so a position is an offset plus one."""
    return _PAGE_AS_OF, [UUID(data.main.search_id), position, datetime.fromisoformat(data.main.watermark), PAGE]


def _reader(data: Data) -> list[object]:
    return [data.secret_hash, UUID(data.main.search_id), f"{Scope.COMPANIES_READ} {Scope.PROSPECTS_READ}"]
