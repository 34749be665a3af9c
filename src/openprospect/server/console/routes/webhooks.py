"""Pages: webhook endpoints, what became of every message, and what to do about it."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from openprospect.server.console.gate import OperatorsRequest, checked_form, text
from openprospect.server.console.page import page, see
from openprospect.server.core.errors import InvalidInput, Misconfigured
from openprospect.server.core.timestamps import parse_timestamp
from openprospect.server.core.vault import Vault
from openprospect.server.db.pool import Database
from openprospect.server.http.address import service_url
from openprospect.server.http.parameters import path_identifier
from openprospect.server.observability import store as watched
from openprospect.server.searches.model import SearchId
from openprospect.server.webhooks import endpoints, store
from openprospect.server.webhooks.endpoints import NewSecret, known_webhook
from openprospect.server.webhooks.model import DEFAULT_EVENTS, Attempt, Event, Webhook, WebhookId
from openprospect.server.webhooks.sender import Sender
from openprospect.server.webhooks.trial import try_endpoint

_ATTEMPTS = 50
_PATH = "/webhooks/{webhook_id:str}"


@get("/webhooks")
async def webhooks_page(request: OperatorsRequest, database: NamedDependency[Database]) -> Response[str]:
    """The endpoints, and a form for one more."""
    return await _webhooks(request, database)


@post("/webhooks", status_code=200)
async def create_webhook_form(
    request: OperatorsRequest, database: NamedDependency[Database], allow_private: NamedDependency[bool], vault: NamedDependency[Vault]
) -> Response[str]:
    """Makes an endpoint, and shows its secret this once."""
    form = await checked_form(request)
    try:
        made, secret = await endpoints.create_webhook(
            database,
            text(form, "url"),
            organization_id=request.auth.organization_id,
            search_id=SearchId(path_identifier("search_id", text(form, "search_id"))) if text(form, "search_id") else None,
            events=[str(event) for event in form.getall("event", [])],
            is_full=text(form, "full") == "yes",
            base_url=service_url(request),
            allow_private=allow_private,
            vault=vault,
            actor=request.auth.actor,
        )
    except (InvalidInput, Misconfigured) as error:
        return await _webhooks(request, database, problem=error.message)
    return await _webhook(request, database, made, secret=secret)


@get(_PATH)
async def webhook_page(request: OperatorsRequest, webhook_id: FromPath[str], database: NamedDependency[Database]) -> Response[str]:
    """An endpoint and its newest attempts."""
    return await _webhook(request, database, await _own(request, database, webhook_id))


@get(f"{_PATH}/attempts")
async def webhook_attempts_part(request: OperatorsRequest, webhook_id: FromPath[str], database: NamedDependency[Database]) -> Response[str]:
    """What that page fetches every few seconds."""
    webhook = await _own(request, database, webhook_id)
    attempts = await store.attempts(database, webhook.id, limit=_ATTEMPTS)
    return page(request, "parts/attempts.html", webhook=webhook, attempts=attempts)


@post(f"{_PATH}/test", status_code=200)
async def test_webhook_form(
    request: OperatorsRequest, webhook_id: FromPath[str], database: NamedDependency[Database], sender: NamedDependency[Sender]
) -> Response[str]:
    """Sends a test message now."""
    await checked_form(request)
    webhook = await _own(request, database, webhook_id)
    return await _webhook(request, database, webhook, trial=await try_endpoint(database, sender, webhook))


@post(f"{_PATH}/rotate", status_code=200)
async def rotate_webhook_form(
    request: OperatorsRequest, webhook_id: FromPath[str], database: NamedDependency[Database], vault: NamedDependency[Vault]
) -> Response[str]:
    """Makes a fresh secret, and shows it this once."""
    await checked_form(request)
    webhook = await _own(request, database, webhook_id)
    return await _webhook(
        request, database, webhook, secret=await endpoints.rotate(database, webhook, vault=vault, actor=request.auth.actor)
    )


@post(f"{_PATH}/move", status_code=303)
async def move_webhook_form(
    request: OperatorsRequest, webhook_id: FromPath[str], database: NamedDependency[Database], allow_private: NamedDependency[bool]
) -> Response[Any]:
    """Pushes to another URL of the same receiver."""
    form = await checked_form(request)
    webhook = await _own(request, database, webhook_id)
    try:
        await endpoints.update(
            database, webhook, url=text(form, "url"), base_url=None, allow_private=allow_private, actor=request.auth.actor
        )
    except InvalidInput as error:
        return await _webhook(request, database, webhook, problem=error.message)
    return see(f"/webhooks/{webhook.id}")


@post(f"{_PATH}/replay", status_code=303)
async def replay_webhook_form(request: OperatorsRequest, webhook_id: FromPath[str], database: NamedDependency[Database]) -> Response[Any]:
    """Sends again what was delivered after a time."""
    form = await checked_form(request)
    webhook = await _own(request, database, webhook_id)
    try:
        since = parse_timestamp(text(form, "since"))
    except ValueError as error:
        return await _webhook(request, database, webhook, problem=f"The time {error}.")
    await endpoints.replay(database, webhook, since=since, company_id=None, actor=request.auth.actor)
    return see(f"/webhooks/{webhook.id}")


@post(f"{_PATH}/switch", status_code=303)
async def switch_webhook_form(request: OperatorsRequest, webhook_id: FromPath[str], database: NamedDependency[Database]) -> Response[Any]:
    """Disables an endpoint that is on, enables one that is off."""
    form = await checked_form(request)
    webhook = await _own(request, database, webhook_id)
    if text(form, "to") == "on":
        await endpoints.enable(database, webhook, actor=request.auth.actor)
    else:
        await endpoints.disable(database, webhook, reason="switched off in the console", actor=request.auth.actor)
    return see(f"/webhooks/{webhook.id}")


async def _own(request: OperatorsRequest, database: Database, webhook_id: str) -> Webhook:
    wanted = WebhookId(path_identifier("webhook_id", webhook_id))
    return await known_webhook(database, wanted, request.auth.organization_id)


async def _webhooks(request: OperatorsRequest, database: Database, *, problem: str | None = None) -> Response[str]:
    return page(
        request,
        "webhooks.html",
        status=422 if problem else 200,
        webhooks=await store.webhooks(database, request.auth.organization_id),
        feeds=await watched.feeds(database, request.auth.organization_id),
        events=Event,
        usual=DEFAULT_EVENTS,
        problem=problem,
    )


async def _webhook(
    request: OperatorsRequest,
    database: Database,
    webhook: Webhook,
    *,
    secret: NewSecret | None = None,
    trial: Attempt | None = None,
    problem: str | None = None,
) -> Response[str]:
    attempts = await store.attempts(database, webhook.id, limit=_ATTEMPTS)
    values = {"webhook": webhook, "attempts": attempts, "secret": secret, "trial": trial, "problem": problem}
    return page(request, "webhook.html", status=422 if problem else 200, **values)
