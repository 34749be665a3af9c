"""Opening a search, and finding one, with errors that say what to do."""

from openprospect.server.access.model import OrganizationId
from openprospect.server.core.errors import Conflict, InvalidInput, NotFound
from openprospect.server.core.ids import new_id
from openprospect.server.db import history
from openprospect.server.db.pool import Database, Executor
from openprospect.server.searches import store
from openprospect.server.searches.model import Search, SearchId

_MAX_NAME_LENGTH = 200


async def create_search(
    database: Database, name: str, *, organization_id: OrganizationId, search_id: SearchId | None = None, actor: str
) -> Search:
    """Raises InvalidInput for a bad name, Conflict where the id is taken, by whomever."""
    name = name.strip()
    if not name or len(name) > _MAX_NAME_LENGTH or "\0" in name:
        raise InvalidInput(f"name must have 1 to {_MAX_NAME_LENGTH} characters, not all of them blank, none of them NUL.", parameter="name")
    async with database.transaction() as db:
        search = await store.create_search(db, search_id or SearchId(new_id()), organization_id=organization_id, name=name)
        if search is None:
            # Whosever it is: the answer must not tell.
            raise Conflict("This id cannot be given to a search; leave it out to get a fresh one.")
        await history.record(db, organization_id, actor=actor, action="search created", search_id=search.id)
        return search


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
