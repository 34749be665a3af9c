"""Reads and writes prospect searches. The caller owns the transaction."""

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.pool import Executor, Row
from openprospect.server.db.queries import beside
from openprospect.server.searches.model import Search, SearchId

SQL = beside(__file__)


async def create_search(db: Executor, search_id: SearchId, *, organization_id: OrganizationId, name: str) -> Search | None:
    """None where the id is taken."""
    row = await db.row(SQL.create_search, search_id, organization_id, name)
    return Search(**row) if row else None


async def search(db: Executor, search_id: SearchId) -> Search | None:
    row = await db.row(SQL.search, search_id)
    return Search(**row) if row else None


async def search_of(db: Executor, search_id: SearchId, organization_id: OrganizationId) -> Search | None:
    row = await db.row(SQL.search_of, search_id, organization_id)
    return Search(**row) if row else None


async def searches_of(db: Executor, organization_id: OrganizationId, *, limit: int, offset: int) -> list[Search]:
    return [Search(**row) for row in await db.rows(SQL.searches_of, organization_id, limit, offset)]


async def count_searches_of(db: Executor, organization_id: OrganizationId) -> int:
    count: int = await db.value(SQL.count_searches_of, organization_id)
    return count


async def searches_with_owner(db: Executor) -> list[Row]:
    """For the command line: id, name, status, organization, companies, prospects."""
    return await db.rows(SQL.searches_with_owner)
