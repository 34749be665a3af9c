"""Reads what the pages show, and keeps their sessions. The caller owns the transaction."""

import json
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from openprospect.server.access.model import KeyId, Organization, OrganizationId
from openprospect.server.console.model import ErasureLine, HistoryLine, Holder, Hour, KeyLine, Operator, Shown
from openprospect.server.db.pool import Executor, Row
from openprospect.server.db.queries import beside
from openprospect.server.feed.model import CompanyId
from openprospect.server.feed.rows.document import parse_document
from openprospect.server.privacy.model import ErasureId
from openprospect.server.searches.model import SearchId

SQL = beside(__file__)


async def open_session(db: Executor, token_hash: bytes, key_id: KeyId, *, lifetime: timedelta) -> None:
    await db.execute(SQL.open_session, token_hash, key_id, lifetime)


async def operator(db: Executor, token: str, token_hash: bytes) -> Operator | None:
    row = await db.row(SQL.operator, token_hash)
    if row is None:
        return None
    organization = Organization(id=row["organization_id"], name=row["organization"])
    return Operator(token=token, key_id=row["key_id"], key_name=row["key_name"], organization=organization)


async def end_session(db: Executor, token_hash: bytes) -> None:
    await db.execute(SQL.end_session, token_hash)


async def deliveries_by(
    db: Executor, organization_id: OrganizationId, search_id: SearchId | None, *, unit: str, since: datetime
) -> list[Hour]:
    """By `hour` or `day`; those in which nothing was delivered are left out."""
    return [Hour(**row) for row in await db.rows(SQL.deliveries_by, organization_id, search_id, unit, since)]


async def newest_companies(db: Executor, search_id: SearchId, *, before: datetime | None, limit: int) -> list[Shown]:
    return [_shown(row) for row in await db.rows(SQL.newest_companies, search_id, before, limit)]


async def companies_at(db: Executor, search_id: SearchId, company_ids: Collection[CompanyId]) -> list[Shown]:
    return [_shown(row) for row in await db.rows(SQL.companies_at, search_id, company_ids)] if company_ids else []


async def first_companies(db: Executor, search_id: SearchId, *, limit: int) -> Row:
    """total, count, and the companies as comma-separated JSON."""
    row = await db.row(SQL.first_companies, search_id, limit)
    assert row is not None
    return row


async def ids_by_identity(db: Executor, search_id: SearchId, identities: Collection[bytes]) -> list[CompanyId]:
    return [row["id"] for row in await db.rows(SQL.ids_by_identity, search_id, identities)]


async def ids_by_email(db: Executor, search_id: SearchId, email_hash: bytes) -> list[CompanyId]:
    return [row["company_id"] for row in await db.rows(SQL.ids_by_email, search_id, email_hash)]


async def ids_by_prospect(db: Executor, search_id: SearchId, prospect_id: UUID) -> list[CompanyId]:
    return [row["company_id"] for row in await db.rows(SQL.ids_by_prospect, search_id, prospect_id)]


async def look_through(
    db: Executor, search_id: SearchId, text: str, *, before: datetime | None, stretch: int, limit: int
) -> tuple[int, datetime | None, list[CompanyId]]:
    """How many were looked at, where that ended, and the companies found."""
    row = await db.row(SQL.look_through, search_id, before, stretch, text, limit)
    assert row is not None
    return row["looked_at"], row["until"], row["found"] or []


async def history_of_company(db: Executor, search_id: SearchId, company_id: CompanyId, *, limit: int) -> list[HistoryLine]:
    return [_history_line(row) for row in await db.rows(SQL.history_of_company, search_id, company_id, limit)]


async def holders(db: Executor, search_id: SearchId, delivered_at: datetime) -> list[Holder]:
    return [Holder(**row) for row in await db.rows(SQL.holders, search_id, delivered_at)]


async def keys_of(db: Executor, organization_id: OrganizationId, *, name: str | None = None, limit: int) -> list[KeyLine]:
    return [KeyLine(**{**row, "scopes": tuple(row["scopes"])}) for row in await db.rows(SQL.keys_of, organization_id, limit, name)]


async def is_key_of(db: Executor, organization_id: OrganizationId, key_id: KeyId) -> bool:
    is_own: bool = await db.value(SQL.is_key_of, organization_id, key_id)
    return is_own


async def erasures_of(db: Executor, organization_id: OrganizationId, *, before: ErasureId | None, limit: int) -> list[ErasureLine]:
    """Newest first, those before one of them where it is named."""
    return [ErasureLine(**row) for row in await db.rows(SQL.erasures_of, organization_id, before, limit)]


async def suppression_counts(db: Executor, organization_id: OrganizationId) -> dict[str, int]:
    """How many entries by kind."""
    return {row["kind"]: row["entries"] for row in await db.rows(SQL.suppression_counts, organization_id)}


def _shown(row: Row) -> Shown:
    return Shown(delivered_at=row["delivered_at"], document=parse_document(row["document"]))


def _history_line(row: Row) -> HistoryLine:
    details = json.loads(row["details"]) if row["details"] else {}
    return HistoryLine(at=row["at"], actor=row["actor"], action=row["action"], changed=tuple(details.get("changed", ())))
