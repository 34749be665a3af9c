"""Push: endpoints, the events they are told of, and how far each has come. Shapes alone, no rule."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from openprospect.server.access.model import OrganizationId
from openprospect.server.feed.model import CompanyId, ProspectId
from openprospect.server.searches.model import SearchId

WebhookId = NewType("WebhookId", UUID)
Claim = NewType("Claim", UUID)
"""Whoever holds it is the one to send to a place, until it runs out or somebody moves the place."""


class Event(StrEnum):
    COMPANY_DELIVERED = "company.delivered"
    COMPANY_WITHDRAWN = "company.withdrawn"
    PROSPECT_ERASED = "prospect.erased"
    DELIVERY_COMPLETED = "delivery.completed"


TEST_EVENT = "webhook.test"
DEFAULT_EVENTS = (Event.COMPANY_DELIVERED, Event.COMPANY_WITHDRAWN, Event.PROSPECT_ERASED)


class Status(StrEnum):
    ACTIVE = "active"
    FAILING = "failing"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An endpoint as its owner sees it. `search_id` is None where it follows every search; secrets are not in here."""

    id: WebhookId
    organization_id: OrganizationId
    search_id: SearchId | None
    url: str
    events: tuple[Event, ...]
    is_full: bool
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str | None
    was_given_up: bool
    """Whether it was disabled by the service, not by somebody."""
    failing_since: datetime | None
    succeeded_at: datetime | None
    next_attempt_at: datetime | None

    @property
    def status(self) -> Status:
        if self.disabled_at is not None:
            return Status.DISABLED
        return Status.ACTIVE if self.failing_since is None else Status.FAILING


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where messages go, and how they are made and signed. The newest secret comes first; they are opened when a message is signed."""

    id: WebhookId
    url: str
    base_url: str
    events: frozenset[str]
    is_full: bool
    answers_kept_from: datetime
    """Tells its newest erasure from those before: another with each of them."""
    sealed_secrets: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Target(id={self.id}, sealed_secrets=***)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class KeptSecret:
    """A secret as it lies in the database: in clear, or sealed."""

    webhook_id: WebhookId
    created_at: datetime
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An endpoint in a feed, claimed by somebody who sends from there on."""

    webhook_id: WebhookId
    search_id: SearchId
    claim: Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedChange:
    """What comes next in a feed: a company in its newest state, people who were erased there, or both at one time.

    `is_removal` is None where the company has been delivered again since; `document` is there for full endpoints alone.
    """

    at: datetime
    company_id: CompanyId
    is_removal: bool | None
    document: str | None
    erased: tuple[ProspectId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NextEvents:
    """What a place has to send next. `change` is None where it has caught up with `watermark`."""

    target: Target
    watermark: datetime
    completion_due: bool
    change: FeedChange | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A message that was sent, or was to be. `failure` is None where it was accepted, `status` where nothing was answered."""

    event: str
    message_id: str
    latency_ms: int
    status: int | None
    failure: str | None
    answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedAttempt:
    """An attempt as the log keeps it."""

    at: datetime
    search_id: SearchId | None
    attempt: Attempt
