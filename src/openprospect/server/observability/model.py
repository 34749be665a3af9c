"""What is watched: consumers and how far they are behind, endpoints, erasures, and the database. Shapes alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from openprospect.server.feed.model import CompanyId
from openprospect.server.privacy.model import ErasureId
from openprospect.server.searches.model import SearchId
from openprospect.server.webhooks.model import WebhookId


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A consumer in a feed: what it was served, what it has confirmed, and what it has not."""

    organization: str
    search_id: SearchId
    search: str
    consumer: str
    watermark: datetime
    served_until: datetime | None
    has_gaps: bool
    """Whether it was not given everything before that."""
    confirmed_until: datetime | None
    seen_at: datetime | None
    behind_companies: int
    oldest_unconfirmed_at: datetime | None
    is_expected: bool
    """Whether it is an endpoint, or a key of its name has not been revoked: nobody waits for any other."""
    key_expires_at: datetime | None
    """When the last of its keys stops working; None where one never does, or there is none."""
    is_expired: bool
    is_endpoint: bool
    webhook_url: str | None
    """None for an endpoint, too, once it is deleted."""

    @property
    def has_everything(self) -> bool:
        return self.behind_companies == 0

    @property
    def was_served_everything(self) -> bool:
        """All of it went out; that it is stored, the next poll will tell."""
        return self.served_until is not None and self.served_until >= self.watermark and not self.has_gaps


@dataclass(frozen=True, slots=True, kw_only=True)
class LackingCompany:
    """A company, or its removal, that a consumer has not confirmed. `was_served`: it went out; whether it is stored, nobody has said."""

    id: CompanyId
    name: str
    source_id: str | None
    delivered_at: datetime
    is_removal: bool
    was_served: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A search and what its feed holds. `deliveries` counts every delivery since the search was opened."""

    organization: str
    search_id: SearchId
    search: str
    companies: int
    prospects: int
    deliveries: int
    watermark: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingErasure:
    """An erasure that recipients have yet to confirm."""

    organization: str
    erasure_id: ErasureId
    erased_at: datetime
    deadline_at: datetime
    is_late: bool
    consumers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What an endpoint has yet to be sent of a feed."""

    organization: str
    search_id: SearchId
    search: str
    webhook_id: WebhookId
    url: str
    is_off: bool
    """Whether somebody switched it off: nobody waits for it."""
    was_given_up: bool
    failing_since: datetime | None
    waiting: int
    oldest_at: datetime | None

    @property
    def is_failing(self) -> bool:
        return self.was_given_up or (self.failing_since is not None and not self.is_off)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiringKey:
    """A name of keys, and when the last of them stops working."""

    organization: str
    name: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """A line of history. `key_id` is None where it was no key's, or an earlier version wrote it."""

    at: datetime
    organization: str
    actor: str
    key_id: UUID | None
    action: str
    search_id: SearchId | None
    company_id: UUID | None
    details: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseHealth:
    """PostgreSQL as it answers now."""

    version: str
    is_embedded: bool
    bytes: int
    connections: int
    busy_connections: int
    connection_limit: int
    oldest_transaction_seconds: float | None
    """None where this account may not see the transactions of others."""
