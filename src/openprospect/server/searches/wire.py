"""What the routes about searches take and answer."""

from typing import Annotated
from uuid import UUID

import msgspec

from openprospect.server.searches.model import Search


class SearchItem(msgspec.Struct, kw_only=True):
    """One job of finding companies."""

    id: UUID
    name: str
    status: str


class SearchPage(msgspec.Struct, kw_only=True):
    items: list[SearchItem]
    total: int
    limit: int
    offset: int
    has_more: bool


class NewSearch(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A search to open; without an id it gets a fresh one."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\u0000]*\S[^\u0000]*$")]
    id: UUID | None = None


def item(search: Search) -> SearchItem:
    return SearchItem(id=search.id, name=search.name, status=search.status)
