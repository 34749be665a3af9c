"""What the routes about webhooks take and answer."""

from typing import Annotated
from uuid import UUID

import msgspec

from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.feed.wire import Timestamp
from openprospect.server.webhooks.endpoints import NewSecret, consumer_of
from openprospect.server.webhooks.model import Attempt, Event, LoggedAttempt, Status, Webhook

Url = Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=r"^https?://", examples=["https://crm.example.com/hooks"])]


class NewDestination(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Where to push a search. `full` events carry the company itself, people included."""

    url: Url
    events: list[Event] | None = None
    full: bool = False


class NewWebhook(NewDestination, kw_only=True, forbid_unknown_fields=True):
    """Where to push; without a search, every one of the organization. `full` events carry the company itself, people included."""

    prospect_search_id: UUID | None = None


class MovedWebhook(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Where the same receiver is reached from now on."""

    url: Url


class WebhookItem(msgspec.Struct, kw_only=True):
    """An endpoint, and how it is doing. `consumer` is what its receipts are listed under."""

    id: UUID
    url: str
    prospect_search_id: UUID | None
    events: list[Event]
    full: bool
    status: Status
    disabled_reason: str | None
    failing_since: Timestamp | None
    next_attempt_at: Timestamp | None
    succeeded_at: Timestamp | None
    created_at: Timestamp
    consumer: str


class CreatedWebhook(WebhookItem, kw_only=True):
    """An endpoint just made, with the secret that its messages are signed with: shown this once."""

    secret: str

    def __repr__(self) -> str:
        return f"CreatedWebhook(id={self.id}, secret=***)"


class WebhookPage(msgspec.Struct, kw_only=True):
    items: list[WebhookItem]
    total: int
    limit: int
    offset: int
    has_more: bool


class RotatedSecret(msgspec.Struct, kw_only=True):
    """The new secret, shown this once. Messages carry a signature of the previous one too, until `previous_until`."""

    id: UUID
    secret: str
    previous_until: Timestamp | None

    def __repr__(self) -> str:
        return f"RotatedSecret(id={self.id}, secret=***)"


class Replay(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """From where to send again: all that was delivered after `since`, or a company and all that came after it."""

    since: Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})] | None = None
    company_id: UUID | None = None


class AttemptItem(msgspec.Struct, kw_only=True):
    """A message that was sent. `failure` is null where it was accepted, `status` where nothing was answered."""

    at: Timestamp
    event: str
    message_id: str
    prospect_search_id: UUID | None
    status: int | None
    latency_ms: int
    failure: str | None
    answer: str | None


class AttemptPage(msgspec.Struct, kw_only=True):
    """Newest first."""

    items: list[AttemptItem]
    total: int
    limit: int
    offset: int
    has_more: bool


class Trial(msgspec.Struct, kw_only=True):
    """What came of a test message."""

    accepted: bool
    message_id: str
    status: int | None
    latency_ms: int
    failure: str | None
    answer: str | None


def item(webhook: Webhook) -> WebhookItem:
    return WebhookItem(
        id=webhook.id,
        url=webhook.url,
        prospect_search_id=webhook.search_id,
        events=list(webhook.events),
        full=webhook.is_full,
        status=webhook.status,
        disabled_reason=webhook.disabled_reason,
        failing_since=format_timestamp(webhook.failing_since),
        next_attempt_at=format_timestamp(webhook.next_attempt_at),
        succeeded_at=format_timestamp(webhook.succeeded_at),
        created_at=format_timestamp(webhook.created_at),
        consumer=consumer_of(webhook.id),
    )


def created(webhook: Webhook, secret: NewSecret) -> CreatedWebhook:
    return CreatedWebhook(**msgspec.structs.asdict(item(webhook)), secret=secret.secret)


def rotated(webhook: Webhook, secret: NewSecret) -> RotatedSecret:
    return RotatedSecret(id=webhook.id, secret=secret.secret, previous_until=format_timestamp(secret.previous_until))


def attempt_item(logged: LoggedAttempt) -> AttemptItem:
    attempt = logged.attempt
    return AttemptItem(
        at=format_timestamp(logged.at),
        event=attempt.event,
        message_id=attempt.message_id,
        prospect_search_id=logged.search_id,
        status=attempt.status,
        latency_ms=attempt.latency_ms,
        failure=attempt.failure,
        answer=attempt.answer,
    )


def trial(attempt: Attempt) -> Trial:
    return Trial(
        accepted=attempt.failure is None,
        message_id=attempt.message_id,
        status=attempt.status,
        latency_ms=attempt.latency_ms,
        failure=attempt.failure,
        answer=attempt.answer,
    )
