"""Reads what is live, company by company and person by person. Writes nothing."""

from uuid import UUID

import msgspec

from openprospect.server.access.model import OrganizationId
from openprospect.server.catalog.wire import CompanyItem, ProspectItem, company_item, prospect_item
from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.db.pool import Executor
from openprospect.server.db.queries import beside
from openprospect.server.feed.rows.document import parse_document
from openprospect.server.feed.wire import DeliveredProspect

SQL = beside(__file__)

_decode_prospect = msgspec.json.Decoder(DeliveredProspect).decode


async def company_page(
    db: Executor, organization_id: OrganizationId, search_id: UUID | None, *, limit: int, offset: int
) -> list[CompanyItem]:
    rows = await db.rows(SQL.company_page, organization_id, search_id, limit, offset)
    return [company_item(row["prospect_search_id"], row["document"]) for row in rows]


async def prospect_page(
    db: Executor, organization_id: OrganizationId, search_id: UUID | None, *, limit: int, offset: int
) -> list[ProspectItem]:
    rows = await db.rows(SQL.prospect_page, organization_id, search_id, limit, offset)
    return [
        prospect_item(
            row["prospect_search_id"],
            row["company_id"],
            _decode_prospect(row["document"]),
            delivered_at=format_timestamp(row["delivered_at"]),
        )
        for row in rows
    ]


async def live_counts(db: Executor, organization_id: OrganizationId, search_id: UUID | None) -> tuple[int, int]:
    """Companies and prospects."""
    row = await db.row(SQL.live_counts, organization_id, search_id)
    return (row["companies"], row["prospects"]) if row else (0, 0)


async def companies_of_id(db: Executor, organization_id: OrganizationId, search_id: UUID | None, company_id: UUID) -> list[CompanyItem]:
    rows = await db.rows(SQL.companies_of_id, organization_id, search_id, company_id)
    return [company_item(row["prospect_search_id"], row["document"]) for row in rows]


async def prospects_of_id(
    db: Executor, organization_id: OrganizationId, search_id: UUID | None, company_id: UUID | None, prospect_id: UUID
) -> list[ProspectItem]:
    rows = await db.rows(SQL.prospects_of_id, organization_id, search_id, company_id, prospect_id)
    return [
        prospect_item(row["prospect_search_id"], row["company_id"], prospect, delivered_at=format_timestamp(row["delivered_at"]))
        for row in rows
        for prospect in parse_document(row["document"]).prospects
        if prospect.id == prospect_id
    ]
