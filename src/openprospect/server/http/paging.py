"""Lists in pages, as documented: `limit` and `offset` in, a page that says whether more follow out."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from openprospect.server.http.parameters import Integer

Page = TypeVar("Page")

LIMIT = Integer("limit", minimum=1, maximum=100, default=50, description="Maximum items to return, from 1 to 100; default 50")
OFFSET = Integer("offset", minimum=0, maximum=2**63 - 1, default=0, description="Number of items to skip; default 0")


def page_of(kind: Callable[..., Page], items: Sequence[object], *, total: int, limit: int, offset: int) -> Page:
    """A page of that kind. What was taken away in between leaves an empty page, and after that one no more."""
    return kind(items=items, total=total, limit=limit, offset=offset, has_more=bool(items) and offset + len(items) < total)
