"""What is watched: consumers and how far they are behind, endpoints, erasures, and the database. Shapes alone."""

from dataclasses import dataclass
from datetime import datetime

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
    can_come_again: bool
    """Whether it is an endpoint, or a key of its name still works: without that it will never catch up."""
    webhook_url: str | None

    @property
    def has_everything(self) -> bool:
        return self.behind_companies == 0

    @property
    def was_served_everything(self) -> bool:
        """All of it went out; that it is stored, the next poll will tell."""
        return self.served_until is not None and self.served_until >= self.watermark and not self.has_gaps


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
    is_disabled: bool
    failing_since: datetime | None
    waiting: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseHealth:
    """PostgreSQL as it answers now."""

    version: str
    is_embedded: bool
    bytes: int
    connections: int
    busy_connections: int
    connection_limit: int
    oldest_transaction_seconds: float
