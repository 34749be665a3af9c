"""The service's own statements with their arguments, each for one who asks: what the limits run."""

from datetime import datetime
from uuid import UUID

from bench.read.data import PAGE, Data
from openprospect.server.access.model import Scope
from openprospect.server.feed.reading.store import SQL

Call = tuple[str, list[object]]


def page(data: Data, *, since: datetime | None, secret_hash: object = None) -> Call:
    """A page of the feed as it is now, for whom the key stands for."""
    return SQL.pages, [*_reader(data, secret_hash), [since], [PAGE], [True]]


def page_at(data: Data, *, offset: object, secret_hash: object = None) -> Call:
    """A page of the walk of whom the key stands for, and the walk's step to the next one."""
    return SQL.pages_at, [*_reader(data, secret_hash), [None], [PAGE], [offset]]


def page_looked_for(data: Data, *, offset: int) -> Call:
    """A page at an offset that no walk knows: as `page_at`, without the step."""
    reader = [data.secret_hash, UUID(data.main.search_id), _SCOPES]
    return _PAGE_LOOKED_FOR, [*reader, None, PAGE, offset]


def _reader(data: Data, secret_hash: object) -> list[object]:
    return [[secret_hash or data.secret_hash], [UUID(data.main.search_id)], [_SCOPES]]


_SCOPES = f"{Scope.COMPANIES_READ} {Scope.PROSPECTS_READ}"
_PAGE_LOOKED_FOR = """
SELECT reader.*, page.* FROM reader_of($1, $2, $3) AS reader
LEFT JOIN LATERAL page_of_walk(
    reader.search_id, reader.watermark, reader.live_companies, reader.key_name, $4::timestamptz, $5, $6
) AS page ON true
"""
