"""Reads what is watched: of one organization, or of all where none is named. Writes nothing."""

from datetime import datetime
from uuid import UUID

from msgspec import json

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.pool import Executor, Row
from openprospect.server.db.queries import beside
from openprospect.server.feed.model import CompanyId
from openprospect.server.feed.rows.document import parse_document
from openprospect.server.observability.model import (
    DatabaseHealth,
    Deed,
    ExpiringKey,
    Feed,
    LackingCompany,
    Queue,
    Standing,
    WaitingErasure,
)
from openprospect.server.searches.model import SearchId

SQL = beside(__file__)


async def standings(
    db: Executor, organization_id: OrganizationId | None, search_id: SearchId | None = None, consumer: str | None = None
) -> list[Standing]:
    return [Standing(**row) for row in await db.rows(SQL.standings, organization_id, search_id, consumer)]


async def lacking(db: Executor, search_id: SearchId, consumer: str, *, after: datetime | None = None, limit: int) -> list[LackingCompany]:
    """What a consumer has not confirmed of a feed, the oldest first, from after a time on; nothing of one that never pulled it."""
    return [_lacking(row) for row in await db.rows(SQL.lacking, search_id, consumer, after, limit)]


async def feeds(db: Executor, organization_id: OrganizationId | None, search_id: SearchId | None = None) -> list[Feed]:
    return [Feed(**row) for row in await db.rows(SQL.feeds, organization_id, search_id)]


async def queues(
    db: Executor, organization_id: OrganizationId | None, search_id: SearchId | None = None, consumer: str | None = None
) -> list[Queue]:
    return [Queue(**row) for row in await db.rows(SQL.queues, organization_id, search_id, consumer)]


async def expiring_keys(db: Executor) -> list[ExpiringKey]:
    return [ExpiringKey(**row) for row in await db.rows(SQL.expiring_keys)]


async def waiting_erasures(db: Executor, organization_id: OrganizationId | None) -> list[WaitingErasure]:
    rows = await db.rows(SQL.waiting_erasures, organization_id)
    return [WaitingErasure(**{**row, "consumers": tuple(row["consumers"])}) for row in rows]


async def database_health(db: Executor) -> DatabaseHealth:
    row = await db.row(SQL.database_health)
    assert row is not None
    return DatabaseHealth(**row)


async def answers(db: Executor) -> None:
    """Raises Unavailable where the database does not answer."""
    await db.value(SQL.answer)


async def deeds(
    db: Executor, organization_id: OrganizationId | None, key_id: UUID | None, *, since: datetime | None, limit: int
) -> list[Deed]:
    return [_deed(row) for row in await db.rows(SQL.deeds, organization_id, key_id, since, limit)]


async def deeds_in_search(db: Executor, search_id: SearchId, key_id: UUID | None, *, since: datetime | None, limit: int) -> list[Deed]:
    return [_deed(row) for row in await db.rows(SQL.deeds_in_search, search_id, key_id, since, limit)]


def _lacking(row: Row) -> LackingCompany:
    company = parse_document(row["document"])
    return LackingCompany(
        id=CompanyId(company.id),
        name=company.name,
        source_id=company.source_id,
        delivered_at=row["delivered_at"],
        is_removal=row["is_removal"],
        was_served=row["was_served"],
    )


def _deed(row: Row) -> Deed:
    return Deed(**{**row, "details": json.decode(row["details"]) if row["details"] else None})
