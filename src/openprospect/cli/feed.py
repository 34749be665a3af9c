"""`openprospect withdraw`."""

from typing import Annotated
from uuid import UUID

from cyclopts import Parameter

from openprospect.cli.output import Json, answer, stderr
from openprospect.cli.storage import DEFAULT_STORAGE, Storage, actor, on_database
from openprospect.server.core.errors import InvalidInput
from openprospect.server.db.pool import Connection, Database
from openprospect.server.feed.model import CompanyId
from openprospect.server.feed.rows.matching import KnownCompany
from openprospect.server.feed.writing import withdraw as withdrawing
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.searches.lookup import known_search
from openprospect.server.searches.model import SearchId


def withdraw(
    search_id: UUID,
    *company_id: UUID,
    source_id: Annotated[list[str] | None, Parameter(negative="")] = None,
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
        The companies, by their ids; those that are not there are named and passed over.
    source_id
        More of them, by the ids that you delivered them with; once for each.
    reason
        Why, as consumers will read it in `removal_reason`.
    """
    own_ids = [one.strip() for one in source_id or () if one.strip()]
    if not company_id and not own_ids:
        raise InvalidInput("Name the companies to withdraw, by their ids, or by your own with --source-id.")

    async def work(database: Database) -> list[KnownCompany]:
        search = await known_search(database, SearchId(search_id))
        wanted = [CompanyId(one) for one in company_id]

        async def withdraw_them(db: Connection) -> list[KnownCompany]:
            return await withdrawing.withdraw(db, search, wanted, source_ids=own_ids, reason=reason, actor=actor())

        return await Writing(database).at_feed(search.id, withdraw_them)

    gone = on_database(storage, work)
    names = {str(company.id) for company in gone} | {company.source_id for company in gone}
    for name in dict.fromkeys((*map(str, company_id), *own_ids)):
        if name not in names:
            stderr.print(f"There is no company {name} in this feed, or it was withdrawn before.", markup=False)
    answer({"withdrawn": len(gone)}, json=json)
