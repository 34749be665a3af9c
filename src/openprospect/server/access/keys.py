"""Making and ending keys, each with its line in history."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from openprospect.server.access import store
from openprospect.server.access.model import DEFAULT_ORGANIZATION, KeyId, Organization, Scope
from openprospect.server.access.secret import hash_of, new_secret
from openprospect.server.core.errors import Conflict, InvalidInput, NotFound
from openprospect.server.db import history
from openprospect.server.db.pool import Connection, Database


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
) -> NewKey:
    """Raises InvalidInput for an unknown scope, NotFound for an unknown organization."""
    chosen = _known(scopes)
    if not name.strip():
        raise InvalidInput("A key needs a name: it says whose place in the feed the key keeps.")
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
        )
        details: dict[str, Any] = {"key_id": str(key_id), "name": name.strip(), "scopes": chosen}
        await history.record(db, owner.id, actor=actor, action="key created", details=details)
    return NewKey(id=key_id, name=name.strip(), key=secret, scopes=tuple(chosen), expires_at=expires_at)


async def revoke_key(database: Database, key_id: KeyId, *, actor: str) -> datetime:
    """Every worker refuses the key from its next request on. Raises NotFound."""
    async with database.transaction() as db:
        row = await store.revoke_key(db, key_id)
        if row is None:
            raise NotFound("There is no key of this id; `openprospect keys list` shows those there are.")
        details = {"key_id": str(key_id), "name": row["name"]}
        await history.record(db, row["organization_id"], actor=actor, action="key revoked", details=details)
        revoked_at: datetime = row["revoked_at"]
        return revoked_at


def _known(scopes: list[str]) -> list[str]:
    unknown = sorted(set(scopes) - set(Scope))
    if unknown:
        raise InvalidInput(f"Unknown scope {', '.join(unknown)}; those there are: {', '.join(Scope)}.")
    if not scopes:
        raise InvalidInput(f"A key needs at least one scope of {', '.join(Scope)}.")
    return [str(scope) for scope in Scope if scope in scopes]
