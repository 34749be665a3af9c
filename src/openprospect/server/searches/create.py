"""Opening a search, with errors that say what to do."""

from openprospect.server.access.model import OrganizationId
from openprospect.server.core.errors import Conflict, InvalidInput
from openprospect.server.core.ids import new_id
from openprospect.server.db import history
from openprospect.server.db.pool import Database
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
