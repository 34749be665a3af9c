"""`openprospect withdraw` and `openprospect receipts`."""

from uuid import UUID

from openprospect.cli.output import Json, answer, answers
from openprospect.cli.storage import DEFAULT_STORAGE, Storage, actor, on_database
from openprospect.server.core.errors import InvalidInput
from openprospect.server.core.timestamps import written
from openprospect.server.db.pool import Database, Row
from openprospect.server.feed import store
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
        The companies; those that are not there are passed over.
    reason
        Why, as consumers will read it in `removal_reason`.
    """
    if not company_id:
        raise InvalidInput("Name the companies to withdraw, by their ids.")

    async def work(database: Database) -> int:
        search = await known_search(database, SearchId(search_id))
        wanted = [CompanyId(one) for one in company_id]
        by = actor()
        return len(await Writing(database).at_feed(search.id, lambda db: withdrawing.withdraw(db, search, wanted, reason=reason, actor=by)))

    answer({"withdrawn": on_database(storage, work)}, json=json)


def receipts(search_id: UUID, *, storage: Storage = DEFAULT_STORAGE, json: Json = False) -> None:
    """Show how far each consumer has confirmed, and what it has not."""

    async def work(database: Database) -> list[Row]:
        search = await known_search(database, SearchId(search_id))
        return await store.receipts(database, search.id)

    rows = on_database(storage, work)
    times = ("delivered_until", "seen_at", "oldest_unconfirmed_at")
    columns = ("key_name", "delivered_until", "seen_at", "behind_companies", "oldest_unconfirmed_at")
    answers(({**row, **{name: written(row[name]) for name in times}} for row in rows), columns=columns, json=json)
