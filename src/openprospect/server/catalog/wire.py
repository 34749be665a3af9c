"""What the routes about single companies and people answer."""

from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from openprospect.server.feed.rows.document import parse_document
from openprospect.server.feed.wire import DeliveredProspect, Timestamp


class CompanyItem(msgspec.Struct, kw_only=True):
    """A delivered company without its people."""

    id: UUID
    prospect_search_id: UUID
    name: str
    website_url: str | None
    source_id: str | None
    delivered_at: Timestamp
    attributes: dict[str, Any] | UnsetType = UNSET


class CompanyPage(msgspec.Struct, kw_only=True):
    items: list[CompanyItem]
    total: int
    limit: int
    offset: int
    has_more: bool


class ProspectItem(msgspec.Struct, kw_only=True):
    """A delivered person, and where they are."""

    id: UUID
    prospect_search_id: UUID
    company_id: UUID
    first_name: str | None
    last_name: str | None
    email: str | None
    job_title: str | None
    delivered_at: Timestamp
    attributes: dict[str, Any] | UnsetType = UNSET


class ProspectPage(msgspec.Struct, kw_only=True):
    items: list[ProspectItem]
    total: int
    limit: int
    offset: int
    has_more: bool


def company_item(search_id: UUID, document: str) -> CompanyItem:
    company = parse_document(document)
    return CompanyItem(
        id=company.id,
        prospect_search_id=search_id,
        name=company.name,
        website_url=company.website_url,
        source_id=company.source_id,
        delivered_at=company.delivered_at,
        attributes=company.attributes,
    )


def prospect_item(search_id: UUID, company_id: UUID, prospect: DeliveredProspect, *, delivered_at: str) -> ProspectItem:
    return ProspectItem(
        id=prospect.id,
        prospect_search_id=search_id,
        company_id=company_id,
        first_name=prospect.first_name,
        last_name=prospect.last_name,
        email=prospect.email,
        job_title=prospect.job_title,
        delivered_at=delivered_at,
        attributes=prospect.attributes,
    )
