"""`openprospect organizations` and `openprospect keys`."""

from typing import Annotated, Literal
from uuid import UUID

from cyclopts import Parameter

from openprospect.cli.durations import duration
from openprospect.cli.erasure_log import DEFAULT_LOGGED_STORAGE, LoggedStorage, on_begun_database
from openprospect.cli.output import Json, answer, answers
from openprospect.cli.storage import DEFAULT_STORAGE, Storage, actor, on_database
from openprospect.cli.tenant import Tenant, tell_default, tenant_or_default
from openprospect.server.access import keys, store
from openprospect.server.access.model import KeyId
from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.db.pool import Database

TierName = Literal["free", "pro", "enterprise", "custom"]


def create_organization(name: str, *, storage: LoggedStorage = DEFAULT_LOGGED_STORAGE, json: Json = False) -> None:
    """Create a tenant: searches, keys and suppressions of its own."""
    made = on_begun_database(storage, lambda database: keys.create_organization(database, name, actor=actor()))
    answer({"id": made.id, "name": made.name}, json=json)


def list_organizations(*, storage: Storage = DEFAULT_STORAGE, json: Json = False) -> None:
    """List the tenants, with how many searches and working keys each has."""
    rows = on_database(storage, store.organizations)
    columns = ("id", "name", "searches", "keys", "created_at")
    answers(({**row, "created_at": format_timestamp(row["created_at"])} for row in rows), columns=columns, json=json)


def create_key(
    name: str,
    *,
    scope: Annotated[list[str], Parameter(negative="")],
    organization: str | None = None,
    expires_in: str | None = None,
    test: Annotated[bool, Parameter(negative="")] = False,
    tier: TierName | None = None,
    rate_limit: int | None = None,
    storage: LoggedStorage = DEFAULT_LOGGED_STORAGE,
    json: Json = False,
) -> None:
    """Create an API key; its secret is shown this once.

    Parameters
    ----------
    name
        Who the key is for. A new key of the same name keeps the consumer's place in the feed.
    scope
        What the key may do; give it once for each scope.
    organization
        The tenant that the key belongs to; without it, default.
    expires_in
        How long the key works, as 90d, 12h or 30m; without it, until it is revoked.
    test
        Make a key that says it is for tests (`opk_test_…`).
    tier
        How many requests an hour the key may make, by the service's settings; without it, as many as OPENPROSPECT_RATE_LIMIT says.
    rate_limit
        That number itself, for a key whose tier is custom.
    """
    lifetime = duration(expires_in, option="--expires-in") if expires_in else None

    async def work(database: Database) -> tuple[Tenant, keys.NewKey]:
        owner = await tenant_or_default(database, organization)
        return owner, await keys.create_key(
            database,
            name,
            organization=owner.name,
            scopes=scope,
            expires_in=lifetime,
            is_live=not test,
            actor=actor(),
            tier=tier,
            rate_limit=rate_limit,
        )

    owner, made = on_begun_database(storage, work)
    tell_default(owner, organization)
    expires_at = format_timestamp(made.expires_at)
    answer({"id": made.id, "name": made.name, "key": made.key, "scopes": made.scopes, "expires_at": expires_at}, json=json)


def list_keys(*, storage: Storage = DEFAULT_STORAGE, json: Json = False) -> None:
    """List the keys, without their secrets."""
    found = on_database(storage, store.keys)
    rows = (
        {
            "id": key.id,
            "name": key.name,
            "organization": key.organization,
            "scopes": key.scopes,
            "test": not key.is_live,
            "tier": key.tier,
            "rate_limit": key.rate_limit,
            "created_at": format_timestamp(key.created_at),
            "expires_at": format_timestamp(key.expires_at),
            "revoked_at": format_timestamp(key.revoked_at),
            "last_used_at": format_timestamp(key.last_used_at),
        }
        for key in found
    )
    answers(
        rows, columns=("id", "name", "organization", "scopes", "tier", "rate_limit", "expires_at", "revoked_at", "last_used_at"), json=json
    )


def set_tier(
    key_id: UUID,
    tier: TierName | Literal["none"],
    *,
    rate_limit: int | None = None,
    storage: Storage = DEFAULT_STORAGE,
    json: Json = False,
) -> None:
    """Change how many requests an hour a key may make.

    Parameters
    ----------
    key_id
        The key, as `openprospect keys list` shows it.
    tier
        Its new tier; none for the limit of keys that have no tier.
    rate_limit
        How many requests an hour, for the tier custom.
    """
    chosen = None if tier == "none" else tier
    on_database(storage, lambda database: keys.set_tier(database, KeyId(key_id), chosen, rate_limit=rate_limit, actor=actor()))
    answer({"id": key_id, "tier": chosen, "rate_limit": rate_limit}, json=json)


def revoke_key(key_id: UUID, *, storage: Storage = DEFAULT_STORAGE, json: Json = False) -> None:
    """End a key at once, on every worker."""
    revoked_at = on_database(storage, lambda database: keys.revoke_key(database, KeyId(key_id), actor=actor()))
    answer({"id": key_id, "revoked_at": format_timestamp(revoked_at)}, json=json)
