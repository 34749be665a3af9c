"""Finding a search, with errors that say what to do."""

from openprospect.server.access.model import OrganizationId
from openprospect.server.core.errors import NotFound
from openprospect.server.db.pool import Executor
from openprospect.server.searches import store
from openprospect.server.searches.model import Search, SearchId


async def own_search(db: Executor, search_id: SearchId, organization_id: OrganizationId) -> Search:
    """Raises the same NotFound for an unknown search and for another tenant's."""
    search = await store.search_of(db, search_id, organization_id)
    if search is None:
        raise unknown_search()
    return search


def unknown_search() -> NotFound:
    return NotFound(
        "There is no such prospect search for this key; GET /api/v1/prospect-searches lists those there are.",
        code="PROSPECT_SEARCH_NOT_FOUND",
    )


async def known_search(db: Executor, search_id: SearchId) -> Search:
    """A search of any tenant, for the command line. Raises NotFound."""
    search = await store.search(db, search_id)
    if search is None:
        raise NotFound(f"There is no prospect search {search_id}; `openprospect searches list` shows those there are.")
    return search
