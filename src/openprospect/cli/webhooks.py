"""`openprospect webhooks`."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from cyclopts import Parameter
from cyclopts.validators import Number

from openprospect.cli.output import Json, answer, answers, stderr
from openprospect.cli.storage import DEFAULT_STORAGE, Storage, actor, on_database
from openprospect.cli.tenant import tenant_meant
from openprospect.server.core.timestamps import format_timestamp, given_timestamp
from openprospect.server.core.vault import Vault
from openprospect.server.db.pool import Database
from openprospect.server.feed.model import CompanyId
from openprospect.server.searches.lookup import known_search
from openprospect.server.searches.model import SearchId
from openprospect.server.webhooks import endpoints, store, wire
from openprospect.server.webhooks.model import Attempt, LoggedAttempt, Webhook, WebhookId
from openprospect.server.webhooks.sealing import reseal
from openprospect.server.webhooks.sender import Sender
from openprospect.server.webhooks.trial import try_endpoint
from openprospect.server.webhooks.url import is_loopback

T = TypeVar("T")

AllowPrivate = Annotated[
    bool,
    Parameter(env_var="OPENPROSPECT_WEBHOOK_ALLOW_PRIVATE", help="Let webhooks go to loopback and private addresses, and over plain http."),
]


def create(
    url: str,
    *,
    search: UUID | None = None,
    organization: str | None = None,
    event: Annotated[list[str] | None, Parameter(negative="")] = None,
    full: Annotated[bool, Parameter(negative="")] = False,
    base_url: Annotated[str, Parameter(env_var="OPENPROSPECT_BASE_URL")] = "http://127.0.0.1:8400",
    allow_private: AllowPrivate = False,
    storage: Storage = DEFAULT_STORAGE,
    json: Json = False,
) -> None:
    """Push what is delivered from now on to an endpoint; its secret is shown this once.

    Parameters
    ----------
    url
        Where to push.
    search
        The prospect search; without it, every one of the organization, new ones included.
    organization
        The tenant, where no search is named; has to be named where there are several.
    event
        What to tell of: company.delivered, company.withdrawn, prospect.erased, delivery.completed. Without it, the first three.
    full
        Send the company itself, people included, instead of its ids.
    base_url
        The address under which the receiver reaches this service, for the links in events.
    """

    async def work(database: Database) -> tuple[Webhook, endpoints.NewSecret]:
        if search is None:
            organization_id = (await tenant_meant(database, organization)).id
        else:
            organization_id = (await known_search(database, SearchId(search))).organization_id
        return await endpoints.create_webhook(
            database,
            url,
            organization_id=organization_id,
            search_id=SearchId(search) if search else None,
            events=event or (),
            is_full=full,
            base_url=base_url,
            allow_private=allow_private,
            vault=Vault(storage.secret_keys()),
            actor=actor(),
        )

    made, secret = on_database(storage, work)
    if not full and is_loopback(base_url) and not is_loopback(made.url):
        stderr.print(
            f"Links in its events lead to {base_url}, which nobody reaches from another machine. "
            f"Set them right: openprospect webhooks update {made.id} --base-url https://YOUR-SERVICE",
            markup=False,
        )
    answer({"id": made.id, "url": made.url, "secret": secret.secret}, json=json)


def update(
    webhook_id: UUID,
    url: str | None = None,
    *,
    base_url: str | None = None,
    allow_private: AllowPrivate = False,
    storage: Storage = DEFAULT_STORAGE,
    json: Json = False,
) -> None:
    """Push to another URL of the same receiver, or link elsewhere; place and secret stay, and one that was given up goes on.

    Parameters
    ----------
    webhook_id
        The endpoint.
    url
        Where to push from now on.
    base_url
        The address under which the receiver reaches this service, for the links in events.
    """

    async def work(database: Database, webhook: Webhook) -> Webhook:
        return await endpoints.update(database, webhook, url=url, base_url=base_url, allow_private=allow_private, actor=actor())

    changed = _on_webhook(storage, webhook_id, work)
    answer({"id": changed.id, "url": changed.url, "status": changed.status}, json=json)
    if changed.disabled_at is not None:
        stderr.print(f"It is still disabled ({changed.disabled_reason}); to go on: openprospect webhooks enable {changed.id}", markup=False)


def list_webhooks(*, storage: Storage = DEFAULT_STORAGE, json: Json = False) -> None:
    """List the endpoints of every tenant, and how they are doing."""
    found = on_database(storage, lambda database: store.webhooks(database, None))
    columns = ("id", "url", "prospect_search_id", "status", "failing_since", "next_attempt_at", "disabled_reason")
    answers((_members(wire.item(webhook)) for webhook in found), columns=columns, json=json)


def try_out(webhook_id: UUID, *, allow_private: AllowPrivate = False, storage: Storage = DEFAULT_STORAGE, json: Json = False) -> None:
    """Send a test message at once, and say what came of it."""

    async def work(database: Database, webhook: Webhook) -> Attempt:
        async with Sender(Vault(storage.secret_keys()), allow_private=allow_private) as sender:
            return await try_endpoint(database, sender, webhook)

    answer(_members(wire.trial(_on_webhook(storage, webhook_id, work))), json=json)


def replay(
    webhook_id: UUID,
    *,
    since: str | None = None,
    company: UUID | None = None,
    storage: Storage = DEFAULT_STORAGE,
    json: Json = False,
) -> None:
    """Send again what was sent before, in order and with the same ids.

    Parameters
    ----------
    webhook_id
        The endpoint.
    since
        All that was delivered after this time, as 2026-02-25T12:00:00Z.
    company
        This company, and all that was delivered after it.
    """

    async def work(database: Database, webhook: Webhook) -> None:
        company_id = CompanyId(company) if company else None
        await endpoints.replay(database, webhook, since=_moment(since), company_id=company_id, actor=actor())

    _on_webhook(storage, webhook_id, work)
    answer({"id": webhook_id, "since": since, "company_id": company}, json=json)


def rotate(webhook_id: UUID, *, storage: Storage = DEFAULT_STORAGE, json: Json = False) -> None:
    """Make a new secret, shown this once; for a day, messages are signed with the previous one too."""

    async def work(database: Database, webhook: Webhook) -> endpoints.NewSecret:
        return await endpoints.rotate(database, webhook, vault=Vault(storage.secret_keys()), actor=actor())

    secret = _on_webhook(storage, webhook_id, work)
    answer({"id": webhook_id, "secret": secret.secret, "previous_until": format_timestamp(secret.previous_until)}, json=json)


def reseal_secrets(*, storage: Storage = DEFAULT_STORAGE, json: Json = False) -> int:
    """Seal every signing secret with the first key, once every service knows it."""
    done = on_database(storage, lambda database: reseal(database, Vault(storage.secret_keys())))
    answer({"resealed": done.resealed, "unreadable": done.unreadable}, json=json)
    if done.unreadable:
        stderr.print("No key given opens those that are unreadable: name the one that sealed them behind the first.", markup=False)
    return 2 if done.unreadable else 0


def disable(webhook_id: UUID, *, reason: str = "Disabled by an operator.", storage: Storage = DEFAULT_STORAGE, json: Json = False) -> None:
    """Send nothing more for now; the endpoint keeps its place.

    Parameters
    ----------
    webhook_id
        The endpoint.
    reason
        Why, as its owner reads it.
    """
    state = _on_webhook(storage, webhook_id, lambda database, webhook: endpoints.disable(database, webhook, reason=reason, actor=actor()))
    answer({"id": webhook_id, "status": state.status, "disabled_reason": state.disabled_reason}, json=json)


def enable(webhook_id: UUID, *, storage: Storage = DEFAULT_STORAGE, json: Json = False) -> None:
    """Go on where the endpoint stopped: everything delivered meanwhile is sent."""
    state = _on_webhook(storage, webhook_id, lambda database, webhook: endpoints.enable(database, webhook, actor=actor()))
    answer({"id": webhook_id, "status": state.status}, json=json)


def delete(webhook_id: UUID, *, storage: Storage = DEFAULT_STORAGE, json: Json = False) -> None:
    """Forget an endpoint, its secrets and its log."""
    _on_webhook(storage, webhook_id, lambda database, webhook: endpoints.delete_webhook(database, webhook, actor=actor()))
    answer({"id": webhook_id, "deleted": True}, json=json)


def attempts(
    webhook_id: UUID,
    *,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=1_000_000))] = 100,
    storage: Storage = DEFAULT_STORAGE,
    json: Json = False,
) -> None:
    """List what was sent and what came of it, newest first.

    Parameters
    ----------
    webhook_id
        The endpoint.
    limit
        How many at most.
    """

    async def work(database: Database, webhook: Webhook) -> list[LoggedAttempt]:
        return await store.attempts(database, webhook.id, limit=limit)

    found = _on_webhook(storage, webhook_id, work)
    columns = ("at", "event", "status", "latency_ms", "failure", "message_id")
    answers((_members(wire.attempt_item(logged)) for logged in found), columns=columns, json=json)


def _on_webhook(storage: Storage, webhook_id: UUID, work: Callable[[Database, Webhook], Awaitable[T]]) -> T:
    async def on_known(database: Database) -> T:
        return await work(database, await endpoints.known_webhook(database, WebhookId(webhook_id), None))

    return on_database(storage, on_known)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else given_timestamp(text, "--since")


def _members(shape: wire.WebhookItem | wire.AttemptItem | wire.Trial) -> dict[str, object]:
    return {name: getattr(shape, name) for name in shape.__struct_fields__}
