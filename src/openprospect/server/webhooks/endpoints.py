"""What an owner does with endpoints, each with its line in history. Sending is the dispatcher's."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from openprospect.server.access.model import OrganizationId
from openprospect.server.core.errors import InvalidInput, NotFound
from openprospect.server.core.ids import new_id
from openprospect.server.core.vault import Vault
from openprospect.server.db import history
from openprospect.server.db.pool import Connection, Database, Executor
from openprospect.server.feed.model import CompanyId
from openprospect.server.searches.lookup import own_search
from openprospect.server.searches.model import SearchId
from openprospect.server.webhooks import store
from openprospect.server.webhooks.model import DEFAULT_EVENTS, Event, Place, Webhook, WebhookId
from openprospect.server.webhooks.signature import new_secret, shown
from openprospect.server.webhooks.url import checked_url, masked

_OVERLAP = timedelta(hours=24)
_DISPATCHER = "dispatcher"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSecret:
    """A secret just made: the one time that it is seen. The one before is signed with too, until `previous_until`."""

    secret: str
    previous_until: datetime | None

    def __repr__(self) -> str:
        return "NewSecret(***)"


def consumer_of(webhook_id: WebhookId) -> str:
    """What receipts of an endpoint are kept under."""
    return f"webhook:{webhook_id}"


async def create_webhook(
    database: Database,
    url: str,
    *,
    organization_id: OrganizationId,
    search_id: SearchId | None,
    events: Collection[str],
    is_full: bool,
    base_url: str,
    allow_private: bool,
    vault: Vault,
    actor: str,
) -> tuple[Webhook, NewSecret]:
    """Raises InvalidInput for a URL or an event that will not do, NotFound for a search that is not the tenant's, Misconfigured where
    no secret can be kept."""
    checked = checked_url(url, allow_private=allow_private)
    chosen = _known(events)
    webhook_id, secret = WebhookId(new_id()), new_secret()
    async with database.transaction() as db:
        if search_id is not None:
            await own_search(db, search_id, organization_id)
        await store.add_webhook(
            db,
            webhook_id,
            organization_id=organization_id,
            search_id=search_id,
            url=checked,
            events=chosen,
            is_full=is_full,
            base_url=base_url.rstrip("/"),
        )
        await store.add_secret(db, webhook_id, vault.seal(secret), key_id=vault.key_id)
        made = await known_webhook(db, webhook_id, organization_id)
        await _record(db, made, actor=actor, action="webhook created", url=masked(checked), events=chosen, full=is_full)
    return made, NewSecret(secret=shown(secret), previous_until=None)


async def known_webhook(db: Executor, webhook_id: WebhookId, organization_id: OrganizationId | None) -> Webhook:
    """An endpoint of a tenant, or of any where none is named. Raises the same NotFound for an unknown one and for another tenant's."""
    found = await store.webhook(db, webhook_id, organization_id)
    if found is None:
        raise NotFound("There is no such webhook endpoint here; the list of webhooks shows those there are.", code="WEBHOOK_NOT_FOUND")
    return found


async def update(
    database: Database, webhook: Webhook, *, url: str | None, base_url: str | None, allow_private: bool, actor: str
) -> Webhook:
    """Reach the same receiver elsewhere, or link elsewhere; place and secret stay, and what an old URL failed at is forgotten: an endpoint
    that was given up goes on. Raises InvalidInput for a URL that will not do, or where none is named."""
    if url is None and base_url is None:
        raise InvalidInput("Name what to change: where messages go (url), where their links lead (base_url), or both.")
    checked = None if url is None else checked_url(url, allow_private=allow_private)
    async with database.transaction() as db:
        await store.update_webhook(db, webhook.id, url=checked, base_url=base_url.rstrip("/") if base_url else None)
        await _record(db, webhook, actor=actor, action="webhook changed", url=masked(checked) if checked else None, base_url=base_url)
        if checked is not None:
            await store.begin_anew(db, webhook.id)
            if await store.enable(db, webhook.id, only_given_up=True):
                await _record(db, webhook, actor=actor, action="webhook enabled")
        return await known_webhook(db, webhook.id, webhook.organization_id)


async def delete_webhook(database: Database, webhook: Webhook, *, actor: str) -> None:
    async with database.transaction() as db:
        await store.delete_webhook(db, webhook.id)
        await _record(db, webhook, actor=actor, action="webhook deleted")


async def rotate(database: Database, webhook: Webhook, *, vault: Vault, actor: str) -> NewSecret:
    """A fresh secret; messages carry signatures of both for a day."""
    secret = new_secret()
    async with database.transaction() as db:
        previous_until = await store.retire_secrets(db, webhook.id, within=_OVERLAP)
        await store.add_secret(db, webhook.id, vault.seal(secret), key_id=vault.key_id)
        await _record(db, webhook, actor=actor, action="webhook secret rotated")
    return NewSecret(secret=shown(secret), previous_until=previous_until)


async def disable(database: Database, webhook: Webhook, *, reason: str, actor: str) -> Webhook:
    """Send nothing more; the endpoint keeps its place. Disabling twice keeps the first reason; one that was given up is a fault no more."""
    async with database.transaction() as db:
        if await store.disable(db, webhook.id, reason=reason):
            await _record(db, webhook, actor=actor, action="webhook disabled", reason=reason)
        return await known_webhook(db, webhook.id, webhook.organization_id)


async def disable_all(db: Connection, *, reason: str, actor: str) -> int:
    """Send nothing more to anybody; answers how many were disabled by this."""
    disabled = [webhook for webhook in await store.webhooks(db, None) if await store.disable(db, webhook.id, reason=reason)]
    for webhook in disabled:
        await _record(db, webhook, actor=actor, action="webhook disabled", reason=reason)
    return len(disabled)


async def enable(database: Database, webhook: Webhook, *, actor: str) -> Webhook:
    """Go on where it stopped: what was delivered meanwhile is sent."""
    async with database.transaction() as db:
        if await store.enable(db, webhook.id):
            await store.begin_anew(db, webhook.id)
            await _record(db, webhook, actor=actor, action="webhook enabled")
        return await known_webhook(db, webhook.id, webhook.organization_id)


async def give_up(database: Database, place: Place, *, reason: str) -> bool:
    """Disable an endpoint that does not want, or cannot take, what it is sent; False where it was moved or switched meanwhile."""
    async with database.transaction() as db:
        is_given_up = await store.give_up(db, place, reason=reason)
        if is_given_up:
            webhook = await known_webhook(db, place.webhook_id, None)
            await _record(db, webhook, actor=_DISPATCHER, action="webhook disabled", reason=reason)
        return is_given_up


async def replay(database: Database, webhook: Webhook, *, since: datetime | None, company_id: CompanyId | None, actor: str) -> None:
    """Send again all that was delivered after a time, or a company and all that came after it. Never moves forward: nothing is skipped."""
    if (since is None) == (company_id is None):
        raise InvalidInput("Say from where to replay by since or by company_id, by one of them.")
    async with database.transaction() as db:
        if since is not None:
            await store.rewind(db, webhook.id, since=since)
        elif company_id is not None:
            await _rewind_to_company(db, webhook, company_id)
        await _record(db, webhook, actor=actor, action="webhook replayed", since=since.isoformat() if since else None)


async def _rewind_to_company(db: Connection, webhook: Webhook, company_id: CompanyId) -> None:
    places = await store.before_company(db, webhook.id, company_id)
    if not places:
        raise NotFound("No company of this id was delivered to a search that the endpoint follows.", code="COMPANY_NOT_FOUND")
    for search_id, moment in places:
        await store.rewind(db, webhook.id, since=moment, search_id=search_id)


async def _record(db: Connection, webhook: Webhook, *, actor: str, action: str, **details: object) -> None:
    given = {name: value for name, value in details.items() if value is not None}
    await history.record(
        db,
        webhook.organization_id,
        actor=actor,
        action=action,
        search_id=webhook.search_id,
        details={"webhook_id": str(webhook.id), **given},
    )


def _known(events: Collection[str]) -> list[Event]:
    unknown = sorted(set(events) - set(Event))
    if unknown:
        raise InvalidInput(f"Unknown event {', '.join(unknown)}; those there are: {', '.join(Event)}.", field="events")
    return [event for event in Event if event in (events or DEFAULT_EVENTS)]
