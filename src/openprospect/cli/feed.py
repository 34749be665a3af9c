"""`openprospect withdraw`."""

from uuid import UUID

from openprospect.cli.output import Json, answer, stderr
from openprospect.cli.storage import DEFAULT_STORAGE, Storage, actor, on_database
from openprospect.server.core.errors import InvalidInput
from openprospect.server.db.pool import Database
from openprospect.server.feed.model import CompanyId
from openprospect.server.feed.writing import withdraw as withdrawing
from openprospect.server.feed.writing.turns import Writing
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
