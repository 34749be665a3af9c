"""`openprospect withdraw` and `openprospect receipts`."""

from uuid import UUID

from openprospect.cli.output import Json, answer, answers, stderr
from openprospect.cli.storage import DEFAULT_STORAGE, Storage, actor, on_database
from openprospect.server.console.verdict import state_of
from openprospect.server.core.errors import InvalidInput
from openprospect.server.core.timestamps import written
from openprospect.server.db.pool import Database
from openprospect.server.feed.model import CompanyId
from openprospect.server.feed.writing import withdraw as withdrawing
from openprospect.server.feed.writing.turns import Writing
from openprospect.server.observability.model import Standing
from openprospect.server.observability.store import standings
from openprospect.server.searches.create import known_search
from openprospect.server.searches.model import SearchId


def withdraw(
    search_id: UUID,
    *company_id: UUID,
    reason: str | None = None,
    storage: Storage = DEFAULT_STORAGE,
    json: Json = False,
) -> None:
    """Take delivered companies back; consumers get each once more, with nobody in it.

    Parameters
    ----------
    search_id
        The prospect search.
    company_id
        The companies; those that are not there are named and passed over.
    reason
        Why, as consumers will read it in `removal_reason`.
    """
    if not company_id:
        raise InvalidInput("Name the companies to withdraw, by their ids.")

    async def work(database: Database) -> list[CompanyId]:
        search = await known_search(database, SearchId(search_id))
        wanted = [CompanyId(one) for one in company_id]
        by = actor()
        return await Writing(database).at_feed(search.id, lambda db: withdrawing.withdraw(db, search, wanted, reason=reason, actor=by))

    gone = on_database(storage, work)
    for one in dict.fromkeys(company_id):
        if one not in gone:
            stderr.print(f"There is no company {one} in this feed, or it was withdrawn before.")
    answer({"withdrawn": len(gone)}, json=json)


def receipts(search_id: UUID | None = None, *, storage: Storage = DEFAULT_STORAGE, json: Json = False) -> None:
    """Show how far each consumer has confirmed, and what it has not.

    Parameters
    ----------
    search_id
        The prospect search; without it, all of them.
    """

    async def work(database: Database) -> list[Standing]:
        search = await known_search(database, SearchId(search_id)) if search_id else None
        return await standings(database, None, search.id if search else None)

    found = on_database(storage, work)
    shared = ("key_name", "delivered_until", "seen_at", "behind_companies", "oldest_unconfirmed_at")
    # Programs that read the receipts of one search count on these names alone.
    told = () if search_id and json else ("state",)
    where = () if search_id else ("organization", "search", "search_id")
    columns = (*where, *shared, *told)
    answers(({name: row[name] for name in columns} for row in map(_receipt, found)), columns=columns, json=json)


def _receipt(standing: Standing) -> dict[str, object]:
    return {
        "organization": standing.organization,
        "search": standing.search,
        "search_id": standing.search_id,
        "key_name": standing.consumer,
        "delivered_until": written(standing.confirmed_until),
        "seen_at": written(standing.seen_at),
        "behind_companies": standing.behind_companies,
        "oldest_unconfirmed_at": written(standing.oldest_unconfirmed_at),
        "state": f"{state_of(standing)}, key expired" if standing.is_expired else str(state_of(standing)),
    }
