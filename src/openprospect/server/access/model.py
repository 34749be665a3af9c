"""Who may do what: organizations, scopes, and the caller that a key stands for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from openprospect.server.core.errors import Forbidden
from openprospect.server.db.history import Actor

OrganizationId = NewType("OrganizationId", UUID)
KeyId = NewType("KeyId", UUID)

DEFAULT_ORGANIZATION = "default"


class Scope(StrEnum):
    COMPANIES_READ = "companies:read"
    PROSPECTS_READ = "prospects:read"
    SEARCHES_READ = "prospect_searches:read"
    SEARCHES_WRITE = "prospect_searches:write"
    DELIVERIES_WRITE = "deliveries:write"
    DISCLOSURES_READ = "disclosures:read"
    ERASURES_WRITE = "erasures:write"
    CONSOLE = "console"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"


class Tier(StrEnum):
    """What says how many requests an hour a key may make: the service's settings do, but for `custom`, where the key itself does."""

    FREE = "free"
    PRO = "pro"
    ENTERPRISE = "enterprise"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    id: OrganizationId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever sent a request, as their key says."""

    key_id: KeyId
    key_name: str
    organization_id: OrganizationId
    scopes: frozenset[str]

    def require(self, scopes: Sequence[str], *, otherwise: str) -> None:
        """Raises Forbidden, which says so with what is `{missing}`."""
        missing = [scope for scope in scopes if scope not in self.scopes]
        if missing:
            message = otherwise.format(missing=" and ".join(missing))
            raise Forbidden(message, required_scopes=list(scopes), user_scopes=sorted(self.scopes))

    @property
    def consumer(self) -> str:
        """What receipts are kept under: a new key of the same name goes on where the old one stood."""
        return self.key_name

    @property
    def actor(self) -> Actor:
        """What history calls them."""
        return Actor(f"key {self.key_name}", key_id=self.key_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key without its secret."""

    id: KeyId
    name: str
    organization: str
    scopes: tuple[str, ...]
    is_live: bool
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    tier: Tier | None
    rate_limit: int | None
