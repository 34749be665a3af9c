"""`openprospect history`: who did what, when."""

from typing import Annotated
from uuid import UUID

from cyclopts import Parameter
from cyclopts.validators import Number

from openprospect.cli.output import Json, answers
from openprospect.cli.storage import DEFAULT_STORAGE, Storage, on_database
from openprospect.server.access.keys import organization_named
from openprospect.server.core.errors import InvalidInput
from openprospect.server.core.timestamps import format_timestamp, given_timestamp
from openprospect.server.db.pool import Database
from openprospect.server.observability import store
from openprospect.server.observability.model import Deed
from openprospect.server.searches.lookup import known_search
from openprospect.server.searches.model import SearchId


def history(
    *,
    organization: str | None = None,
    search: UUID | None = None,
    key_id: UUID | None = None,
    since: str | None = None,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=10_000))] = 100,
    storage: Storage = DEFAULT_STORAGE,
    json: Json = False,
) -> None:
    """List who did what, newest first: in every organization, or to the companies of one search.

    Parameters
    ----------
    organization
        Of this tenant alone.
    search
        What was done to companies of this prospect search, instead of all else.
    key_id
        Of this key alone, as `openprospect keys list` shows it, whatever others of its name did.
    since
        Not before this time, such as 2026-11-22T03:00:00Z.
    limit
        How many at most.
    """
    if organization is not None and search is not None:
        raise InvalidInput("A search is of one organization: name --search alone.")
    begin = given_timestamp(since, "--since") if since else None

    async def work(database: Database) -> list[Deed]:
        if search is not None:
            return await store.deeds_in_search(
                database, (await known_search(database, SearchId(search))).id, key_id, since=begin, limit=limit
            )
        owner = await organization_named(database, organization) if organization is not None else None
        return await store.deeds(database, owner.id if owner else None, key_id, since=begin, limit=limit)

    columns = ("at", "organization", "actor", "key_id", "action", "search_id", "company_id", "details")
    answers(map(_line, on_database(storage, work)), columns=columns, json=json)


def _line(deed: Deed) -> dict[str, object]:
    return {
        "at": format_timestamp(deed.at),
        "organization": deed.organization,
        "actor": deed.actor,
        "key_id": deed.key_id,
        "action": deed.action,
        "search_id": deed.search_id,
        "company_id": deed.company_id,
        "details": deed.details,
    }
