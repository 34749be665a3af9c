"""`openprospect searches`."""

from uuid import UUID

from openprospect.cli.erasure_log import DEFAULT_LOGGED_STORAGE, LoggedStorage, on_begun_database
from openprospect.cli.output import Json, answer, answers
from openprospect.cli.storage import DEFAULT_STORAGE, Storage, actor, on_database
from openprospect.cli.tenant import Tenant, tell_default, tenant_or_default
from openprospect.server.db.pool import Database
from openprospect.server.searches import store
from openprospect.server.searches.create import create_search
from openprospect.server.searches.model import Search, SearchId


def create(
    name: str,
    *,
    organization: str | None = None,
    id: UUID | None = None,  # noqa: A002  # the flag is called --id
    storage: LoggedStorage = DEFAULT_LOGGED_STORAGE,
    json: Json = False,
) -> None:
    """Open a prospect search, ready to be delivered to.

    Parameters
    ----------
    name
        What it is called.
    organization
        The tenant that it belongs to; without it, default.
    id
        A UUID of your own; without it, a fresh one.
    """

    async def work(database: Database) -> tuple[Tenant, Search]:
        owner = await tenant_or_default(database, organization)
        made = await create_search(database, name, organization_id=owner.id, search_id=SearchId(id) if id else None, actor=actor())
        return owner, made

    owner, made = on_begun_database(storage, work)
    tell_default(owner, organization)
    answer({"id": made.id, "name": made.name, "status": made.status}, json=json)


def list_searches(*, storage: Storage = DEFAULT_STORAGE, json: Json = False) -> None:
    """List the prospect searches of every tenant."""
    rows = on_database(storage, store.searches_with_owner)
    columns = ("id", "name", "status", "organization", "companies", "prospects")
    answers((dict(row) for row in rows), columns=columns, json=json)
