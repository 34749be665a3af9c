"""Making and ending keys, each with its line in history."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from openprospect.server.access import store
from openprospect.server.access.model import DEFAULT_ORGANIZATION, KeyId, Organization, Scope, Tier
from openprospect.server.access.secret import hash_of, new_secret
from openprospect.server.core.errors import Conflict, InvalidInput, NotFound
from openprospect.server.db import history
from openprospect.server.db.pool import Connection, Database

_MOST_REQUESTS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key just made: the one time that its secret is seen."""

    id: KeyId
    name: str
    key: str
    scopes: tuple[str, ...]
    expires_at: datetime | None

    def __repr__(self) -> str:
        return f"NewKey(id={self.id}, name={self.name!r}, key=***)"


async def create_organization(database: Database, name: str, *, actor: str) -> Organization:
    """Raises Conflict where the name is taken."""
    if not name.strip():
        raise InvalidInput("An organization needs a name.")
    async with database.transaction() as db:
        organization = await store.create_organization(db, name.strip())
        if organization is None:
            raise Conflict(f"There is an organization {name!r} already; choose another name.")
        await history.record(db, organization.id, actor=actor, action="organization created")
        return organization


async def ensure_default_organization(database: Database) -> None:
    await store.create_organization(database, DEFAULT_ORGANIZATION)


async def organization_named(db: Connection | Database, name: str) -> Organization:
    """Raises NotFound."""
    organization = await store.organization_named(db, name)
    if organization is None:
        raise NotFound(f"There is no organization {name!r}; `openprospect organizations create` makes one.")
    return organization


async def create_key(
    database: Database,
    name: str,
    *,
    organization: str,
    scopes: list[str],
    expires_in: timedelta | None,
    is_live: bool,
    actor: str,
    tier: str | None = None,
    rate_limit: int | None = None,
) -> NewKey:
    """Raises InvalidInput for an unknown scope or tier, NotFound for an unknown organization."""
    chosen = _known(scopes)
    chosen_tier = _tier(tier, rate_limit)
    if not name.strip():
        raise InvalidInput(
            "A key needs a name. Receipts are kept per name: a new key of the same name continues where the old one stopped."
        )
    secret = new_secret(is_live=is_live)
    async with database.transaction() as db:
        owner = await organization_named(db, organization)
        key_id, expires_at = await store.create_key(
            db,
            organization_id=owner.id,
            name=name.strip(),
            secret_hash=hash_of(secret),
            scopes=chosen,
            is_live=is_live,
            expires_in=expires_in,
            tier=chosen_tier,
            rate_limit=rate_limit,
        )
        details: dict[str, Any] = {
            "key_id": str(key_id),
            "name": name.strip(),
            "scopes": chosen,
            "tier": chosen_tier,
            "rate_limit": rate_limit,
        }
        await history.record(db, owner.id, actor=actor, action="key created", details=details)
    return NewKey(id=key_id, name=name.strip(), key=secret, scopes=tuple(chosen), expires_at=expires_at)


async def set_tier(database: Database, key_id: KeyId, tier: str | None, *, rate_limit: int | None, actor: str) -> None:
    """Workers go by it from the next request on, or seconds later where the hour was spent. Raises InvalidInput, NotFound."""
    chosen = _tier(tier, rate_limit)
    async with database.transaction() as db:
        row = await store.set_tier(db, key_id, chosen, rate_limit=rate_limit)
        if row is None:
            raise _unknown()
        details = {"key_id": str(key_id), "name": row["name"], "tier": chosen, "rate_limit": rate_limit}
        await history.record(db, row["organization_id"], actor=actor, action="key's tier changed", details=details)


async def revoke_key(database: Database, key_id: KeyId, *, actor: str) -> datetime:
    """Every worker refuses the key from its next request on. Raises NotFound."""
    async with database.transaction() as db:
        row = await store.revoke_key(db, key_id)
        if row is None:
            raise _unknown()
        details = {"key_id": str(key_id), "name": row["name"]}
        await history.record(db, row["organization_id"], actor=actor, action="key revoked", details=details)
        revoked_at: datetime = row["revoked_at"]
        return revoked_at


def _unknown() -> NotFound:
    return NotFound("There is no key of this id; `openprospect keys list` shows those there are.")


def _tier(tier: str | None, rate_limit: int | None) -> Tier | None:
    """A tier by its name; raises InvalidInput for one that there is not, and where a number is missing or too many."""
    if tier is not None and tier not in set(Tier):
        raise InvalidInput(f"There is no tier {tier}; those there are: {', '.join(Tier)}.")
    if (tier == Tier.CUSTOM) != (rate_limit is not None):
        raise InvalidInput("Tier custom needs a rate limit (requests an hour), and only tier custom takes one.")
    if rate_limit is not None and not 1 <= rate_limit <= _MOST_REQUESTS:
        raise InvalidInput(f"A key may make from 1 to {_MOST_REQUESTS:,} requests an hour.")
    return Tier(tier) if tier else None


def _known(scopes: list[str]) -> list[str]:
    unknown = sorted(set(scopes) - set(Scope))
    if unknown:
        raise InvalidInput(f"Unknown scope {', '.join(unknown)}; those there are: {', '.join(Scope)}.")
    if not scopes:
        raise InvalidInput(f"A key needs at least one scope of {', '.join(Scope)}.")
    return [str(scope) for scope in Scope if scope in scopes]
