"""Reads and writes organizations and keys. The caller owns the transaction."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from openprospect.server.access.model import Key, KeyId, Organization, OrganizationId, Tier
from openprospect.server.core.ids import new_id
from openprospect.server.db.pool import Executor, Row
from openprospect.server.db.queries import beside

SQL = beside(__file__)


async def create_organization(db: Executor, name: str) -> Organization | None:
    """None where the name is taken."""
    row = await db.row(SQL.create_organization, new_id(), name, secrets.token_bytes(32))
    return Organization(id=row["id"], name=row["name"]) if row else None


async def organization_named(db: Executor, name: str) -> Organization | None:
    row = await db.row(SQL.organization_named, name)
    return Organization(id=row["id"], name=row["name"]) if row else None


async def organizations(db: Executor) -> list[Row]:
    """id, name, created_at, searches and working keys of each."""
    return await db.rows(SQL.organizations)


async def first_organizations(db: Executor, count: int) -> tuple[list[Organization], int]:
    """At most so many, by name, and how many there are of all."""
    rows = await db.rows(SQL.first_organizations, count)
    return [Organization(id=row["id"], name=row["name"]) for row in rows], rows[0]["total"] if rows else 0


async def create_key(
    db: Executor,
    *,
    organization_id: OrganizationId,
    name: str,
    secret_hash: bytes,
    scopes: list[str],
    is_live: bool,
    expires_in: timedelta | None,
    tier: Tier | None,
    rate_limit: int | None,
) -> tuple[KeyId, datetime | None]:
    row = await db.row(SQL.create_key, new_id(), organization_id, name, secret_hash, scopes, is_live, expires_in, tier, rate_limit)
    assert row is not None
    return row["id"], row["expires_at"]


async def keys(db: Executor) -> list[Key]:
    return [_key(row) for row in await db.rows(SQL.keys)]


async def revoke_key(db: Executor, key_id: KeyId) -> Row | None:
    """The key's id, name, organization and time of revocation; None where there is none."""
    return await db.row(SQL.revoke_key, key_id)


async def caller(db: Executor, secret_hash: bytes) -> Row | None:
    """key_id, key_name, organization_id, scopes, ended, tier, rate_limit; None where no key has this secret."""
    return await db.row(SQL.caller, secret_hash)


async def set_tier(db: Executor, key_id: KeyId, tier: Tier | None, *, rate_limit: int | None) -> Row | None:
    """The key's id, name and organization; None where there is none."""
    return await db.row(SQL.set_tier, key_id, tier, rate_limit)


async def take_requests(db: Executor, key_id: KeyId, *, wanted: int, limit: int) -> Row:
    """given, left, seconds."""
    row = await db.row(SQL.take_requests, key_id, wanted, limit)
    assert row is not None
    return row


async def touch_keys(db: Executor, used: Mapping[KeyId, datetime]) -> None:
    await db.execute(SQL.touch_keys, list(used.keys()), list(used.values()))


def _key(row: Row) -> Key:
    return Key(**{**row, "scopes": tuple(row["scopes"]), "tier": Tier(row["tier"]) if row["tier"] else None})
