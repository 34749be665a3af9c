"""Reads and writes endpoints, their places and their log. The caller owns the transaction."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.columns import columns
from openprospect.server.db.pool import Connection, Executor, Row
from openprospect.server.db.queries import beside
from openprospect.server.feed.model import CompanyId
from openprospect.server.searches.model import SearchId
from openprospect.server.webhooks.model import (
    Attempt,
    Claim,
    Event,
    FeedChange,
    KeptSecret,
    LoggedAttempt,
    NextEvents,
    Place,
    Target,
    Webhook,
    WebhookId,
)

SQL = beside(__file__)


async def add_webhook(
    db: Connection,
    webhook_id: WebhookId,
    *,
    organization_id: OrganizationId,
    search_id: SearchId | None,
    url: str,
    events: Sequence[Event],
    is_full: bool,
    base_url: str,
) -> None:
    await db.execute(SQL.add_webhook, webhook_id, organization_id, search_id, url, list(events), is_full, base_url)
    await db.execute(SQL.begin_at_heads, webhook_id)


async def add_secret(db: Connection, webhook_id: WebhookId, sealed: bytes, *, key_id: str | None) -> None:
    await db.execute(SQL.add_secret, webhook_id, sealed, key_id)


async def clear_secrets(db: Connection) -> list[KeptSecret]:
    """Held until the transaction ends."""
    return [KeptSecret(**row) for row in await db.rows(SQL.clear_secrets)]


async def secrets_of_other_keys(db: Connection, *, key_id: str | None) -> list[KeptSecret]:
    """Those that are sealed, and not with this key; held until the transaction ends."""
    return [KeptSecret(**row) for row in await db.rows(SQL.secrets_of_other_keys, key_id)]


async def seal_secret(db: Connection, kept: KeptSecret, sealed: bytes, *, key_id: str | None) -> None:
    await db.execute(SQL.seal_secret, kept.webhook_id, kept.created_at, sealed, key_id)


async def retire_secrets(db: Connection, webhook_id: WebhookId, *, within: timedelta) -> datetime:
    """Answers until when the secret in use so far is signed with."""
    await db.execute(SQL.drop_retired_secrets, webhook_id)
    retires_at: datetime = await db.value(SQL.retire_secrets, webhook_id, within)
    return retires_at


async def webhooks(db: Executor, organization_id: OrganizationId | None, *, limit: int | None = None, offset: int = 0) -> list[Webhook]:
    """A tenant's endpoints; without a tenant, all of them."""
    return [_webhook(row) for row in await db.rows(SQL.webhooks, organization_id, None, limit, offset)]


async def webhook(db: Executor, webhook_id: WebhookId, organization_id: OrganizationId | None) -> Webhook | None:
    """An endpoint of a tenant; without a tenant, of any."""
    rows = await db.rows(SQL.webhooks, organization_id, webhook_id, 1, 0)
    return _webhook(rows[0]) if rows else None


async def count_webhooks(db: Executor, organization_id: OrganizationId) -> int:
    count: int = await db.value(SQL.count_webhooks, organization_id)
    return count


async def update_webhook(db: Executor, webhook_id: WebhookId, *, url: str | None, base_url: str | None) -> None:
    await db.execute(SQL.update_webhook, webhook_id, url, base_url)


async def delete_webhook(db: Executor, webhook_id: WebhookId) -> None:
    await db.execute(SQL.delete_webhook, webhook_id)


async def disable(db: Executor, webhook_id: WebhookId, *, reason: str) -> bool:
    """False where somebody has disabled it already."""
    return await db.value(SQL.disable, webhook_id, reason) is not None


async def give_up(db: Connection, place: Place, *, reason: str) -> bool:
    """Disable the endpoint of a place. False where it is disabled, or the place is no longer its claimant's."""
    await db.execute(SQL.hold_webhook, place.webhook_id)
    return await db.value(SQL.give_up, *_key(place), reason) is not None


async def enable(db: Executor, webhook_id: WebhookId, *, only_given_up: bool = False) -> bool:
    """False where it is not disabled; or was by somebody, and only what the service gave up is meant."""
    return await db.value(SQL.enable, webhook_id, only_given_up) is not None


async def begin_anew(db: Executor, webhook_id: WebhookId) -> None:
    """Its places stay where they are; what failed there before counts no more."""
    await db.execute(SQL.begin_anew, webhook_id)


async def rewind(db: Executor, webhook_id: WebhookId, *, since: datetime, search_id: SearchId | None = None) -> None:
    """Its places in all feeds, or in one, go back; none moves forward."""
    await db.execute(SQL.rewind, webhook_id, since, search_id)


async def before_company(db: Executor, webhook_id: WebhookId, company_id: CompanyId) -> list[tuple[SearchId, datetime]]:
    rows = await db.rows(SQL.before_company, webhook_id, company_id)
    return [(row["prospect_search_id"], row["moment"]) for row in rows]


async def target(db: Executor, webhook_id: WebhookId) -> Target | None:
    row = await db.row(SQL.target, webhook_id)
    return _target(row) if row else None


async def attempts(db: Executor, webhook_id: WebhookId, *, limit: int | None = None, offset: int = 0) -> list[LoggedAttempt]:
    """Newest first."""
    names = Attempt.__dataclass_fields__
    return [
        LoggedAttempt(at=row["at"], search_id=row["search_id"], attempt=Attempt(**{name: row[name] for name in names}))
        for row in await db.rows(SQL.attempts, webhook_id, limit, offset)
    ]


async def count_attempts(db: Executor, webhook_id: WebhookId) -> int:
    count: int = await db.value(SQL.count_attempts, webhook_id)
    return count


async def log_attempts(db: Executor, attempts: Sequence[tuple[Target, LoggedAttempt]]) -> None:
    """With where each was sent to, as it was read when the message was made."""
    rows = [
        (
            target.id,
            logged.search_id,
            logged.attempt.event,
            logged.attempt.message_id,
            logged.attempt.latency_ms,
            logged.attempt.status,
            logged.attempt.failure,
            logged.attempt.answer,
            logged.at,
            target.answers_kept_from,
        )
        for target, logged in attempts
    ]
    await db.execute(SQL.log_attempts, *columns(rows))


async def forget_attempts(
    db: Connection, *, accepted_after: timedelta, failed_after: timedelta, since: datetime | None, limit: int
) -> Row | None:
    """count, last_at."""
    return await db.row(SQL.forget_attempts, accepted_after, failed_after, since, limit)


async def adopt_searches(db: Executor) -> bool:
    """Let endpoints follow searches opened since; answers whether there is any endpoint to serve."""
    is_any: bool = await db.value(SQL.adopt_searches)
    return is_any


async def claim(db: Executor, *, failing: bool, limit: int, lease: timedelta) -> list[Place]:
    return [Place(**row) for row in await db.rows(SQL.claim, failing, limit, lease)]


async def keep_claims(db: Executor, claims: Collection[Claim], *, lease: timedelta) -> None:
    await db.execute(SQL.keep_claims, claims, lease)


async def next_events(db: Executor, place: Place) -> NextEvents | None:
    """What a place has to send next; None where it is no longer its claimant's."""
    row = await db.row(SQL.next_events, *_key(place))
    if row is None:
        return None
    change = None if row["at"] is None else _change(row)
    return NextEvents(target=_target(row), watermark=row["watermark"], completion_due=row["completion_due"], change=change)


async def note_sent(
    db: Executor,
    place: Place,
    *,
    sent_until: datetime,
    completed_until: datetime | None,
    accepted_until: datetime | None,
    lease: timedelta | None,
) -> bool:
    """Hold on for a lease, or let go. False where the claim was lost: whoever has it now sends again from where the place stands."""
    is_held: bool = await db.value(SQL.note_sent, *_key(place), sent_until, completed_until, accepted_until, lease)
    return is_held


async def note_failed(db: Executor, place: Place) -> tuple[int, timedelta] | None:
    """How many failures in a row, and for how long nothing of the endpoint has succeeded; None where the claim was lost."""
    row = await db.row(SQL.note_failed, *_key(place))
    return (row["failures"], row["failing_for"]) if row else None


async def try_again(db: Executor, place: Place, *, delay: timedelta) -> None:
    await db.execute(SQL.try_again, *_key(place), delay)


async def let_go(db: Executor, place: Place, *, caught_up_until: datetime | None = None) -> None:
    await db.execute(SQL.let_go, *_key(place), caught_up_until)


async def let_go_all(db: Executor, claims: Collection[Claim]) -> None:
    await db.execute(SQL.let_go_all, claims)


async def accepted(db: Executor) -> list[tuple[WebhookId, SearchId, datetime]]:
    """How far endpoints have accepted whole companies."""
    return [(row["webhook_id"], row["search_id"], row["accepted_until"]) for row in await db.rows(SQL.accepted)]


def _key(place: Place) -> tuple[WebhookId, SearchId, Claim]:
    return place.webhook_id, place.search_id, place.claim


def _webhook(row: Row) -> Webhook:
    return Webhook(**{**row, "events": tuple(Event(event) for event in row["events"])})


def _target(row: Row) -> Target:
    return Target(
        id=row["id"],
        url=row["url"],
        base_url=row["base_url"],
        events=frozenset(row["events"]),
        is_full=row["is_full"],
        answers_kept_from=row["answers_kept_from"],
        sealed_secrets=tuple(row["sealed_secrets"]),
    )


def _change(row: Row) -> FeedChange:
    return FeedChange(
        at=row["at"], company_id=row["company_id"], is_removal=row["is_removal"], document=row["document"], erased=tuple(row["erased"])
    )
