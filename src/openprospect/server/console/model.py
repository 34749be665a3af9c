"""Who is signed in, and what the pages show that no other slice has a shape for."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from openprospect.server.access.model import KeyId, Organization, OrganizationId
from openprospect.server.db.history import Actor
from openprospect.server.feed.wire import DeliveredCompany


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Whoever is signed in, as the key says that they signed in with. `token` is the cookie's value."""

    token: str
    key_id: KeyId
    key_name: str
    organization: Organization

    @property
    def organization_id(self) -> OrganizationId:
        return self.organization.id

    @property
    def actor(self) -> Actor:
        """What history calls them."""
        return Actor(f"key {self.key_name} in the console", key_id=self.key_id)

    @property
    def csrf(self) -> str:
        """What every form of this session carries; it follows from the cookie and does not give it away."""
        return hmac.digest(self.token.encode(), b"csrf", "sha256").hex()

    def __repr__(self) -> str:
        return f"Operator(key_name={self.key_name!r}, token=***)"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """A key as the page of keys lists it."""

    id: KeyId
    name: str
    scopes: tuple[str, ...]
    is_live: bool
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    is_expired: bool
    tier: str | None
    rate_limit: int | None

    @property
    def is_working(self) -> bool:
        return self.revoked_at is None and not self.is_expired


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A company of a feed as it stands there; `removed_at` is in the document where it is withdrawn."""

    delivered_at: datetime
    document: DeliveredCompany

    @property
    def is_removed(self) -> bool:
        return bool(self.document.removed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A consumer, and whether it has a company as it stands in the feed."""

    consumer: str
    webhook_url: str | None
    was_served: bool
    has_confirmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """Something that happened to a company: names of fields, never values."""

    at: datetime
    actor: str
    action: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What a tenant's feeds grew by in an hour or a day."""

    begins_at: datetime
    deliveries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureLine:
    """An erasure as the page of erasures lists it."""

    id: UUID
    erased_at: datetime
    deadline_at: datetime
    actor: str
    unconfirmed: int
    has_settled: bool
    is_past_deadline: bool
