"""HTTP: where to push, and how that goes."""

from datetime import datetime

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from openprospect.server.access.guard import CallersRequest, Requires
from openprospect.server.access.model import Scope
from openprospect.server.core.timestamps import given_timestamp
from openprospect.server.core.vault import Vault
from openprospect.server.db.pool import Database
from openprospect.server.feed.model import CompanyId
from openprospect.server.http.address import service_url
from openprospect.server.http.body import json_body, takes
from openprospect.server.http.openapi import problems
from openprospect.server.http.paging import LIMIT, OFFSET, page_of
from openprospect.server.http.parameters import path_identifier, query, query_of
from openprospect.server.searches.model import SearchId
from openprospect.server.webhooks import endpoints, store
from openprospect.server.webhooks.model import Webhook, WebhookId
from openprospect.server.webhooks.sender import Sender
from openprospect.server.webhooks.trial import try_endpoint
from openprospect.server.webhooks.wire import (
    AttemptPage,
    CreatedWebhook,
    MovedWebhook,
    NewDestination,
    NewWebhook,
    Replay,
    RotatedSecret,
    Trial,
    WebhookItem,
    WebhookPage,
    attempt_item,
    created,
    item,
    rotated,
    trial,
)

_PATH = "/webhooks/{webhook_id:str}"

Db = NamedDependency[Database]


@post(
    "/webhooks",
    guards=[Requires(Scope.WEBHOOKS_WRITE)],
    tags=["Webhooks"],
    opt=query() | takes(NewWebhook),
    responses=problems(404, 413, 415),
)
async def create_webhook(
    request: CallersRequest, database: Db, allow_private: NamedDependency[bool], vault: NamedDependency[Vault]
) -> CreatedWebhook:
    """Push what is delivered from now on to an endpoint of yours; the answer holds its secret, this once."""
    query_of(request)
    body = await json_body(request, NewWebhook)
    search_id = SearchId(body.prospect_search_id) if body.prospect_search_id else None
    return await _create(request, database, body, search_id, allow_private=allow_private, vault=vault)


@post(
    "/deliveries/{prospect_search_id:str}/destinations",
    guards=[Requires(Scope.WEBHOOKS_WRITE)],
    tags=["Webhooks"],
    opt=query() | takes(NewDestination),
    responses=problems(404, 413, 415),
)
async def create_destination(
    request: CallersRequest,
    prospect_search_id: FromPath[str],
    database: Db,
    allow_private: NamedDependency[bool],
    vault: NamedDependency[Vault],
) -> CreatedWebhook:
    """Push a search to an endpoint of yours: the same as POST /api/v1/webhooks with this prospect_search_id."""
    query_of(request)
    search_id = SearchId(path_identifier("prospect_search_id", prospect_search_id))
    return await _create(request, database, await json_body(request, NewDestination), search_id, allow_private=allow_private, vault=vault)


@get("/webhooks", guards=[Requires(Scope.WEBHOOKS_READ)], tags=["Webhooks"], opt=query(LIMIT, OFFSET), responses=problems())
async def webhooks(request: CallersRequest, database: Db) -> WebhookPage:
    """The endpoints of this key's organization, oldest first."""
    arguments = query_of(request)
    limit, offset = arguments[LIMIT], arguments[OFFSET]
    found = await store.webhooks(database, request.auth.organization_id, limit=limit, offset=offset)
    total = await store.count_webhooks(database, request.auth.organization_id)
    return page_of(WebhookPage, [item(webhook) for webhook in found], total=total, limit=limit, offset=offset)


@get(_PATH, guards=[Requires(Scope.WEBHOOKS_READ)], tags=["Webhooks"], opt=query(), responses=problems(404))
async def webhook(request: CallersRequest, webhook_id: FromPath[str], database: Db) -> WebhookItem:
    """An endpoint, and how it is doing."""
    return item(await _own(request, webhook_id, database))


@patch(
    _PATH,
    guards=[Requires(Scope.WEBHOOKS_WRITE)],
    tags=["Webhooks"],
    opt=query() | takes(MovedWebhook),
    responses=problems(404, 413, 415),
)
async def move_webhook(
    request: CallersRequest, webhook_id: FromPath[str], database: Db, allow_private: NamedDependency[bool]
) -> WebhookItem:
    """Push to another URL of the same receiver: its receipts stay its own. Place and secret stay, and one that was given up goes on."""
    own = await _own(request, webhook_id, database)
    if own.is_full:
        _require_people(request)
    body = await json_body(request, MovedWebhook)
    return item(await endpoints.update(database, own, url=body.url, base_url=None, allow_private=allow_private, actor=request.auth.actor))


@delete(_PATH, guards=[Requires(Scope.WEBHOOKS_WRITE)], tags=["Webhooks"], opt=query(), responses=problems(404))
async def delete_webhook(request: CallersRequest, webhook_id: FromPath[str], database: Db) -> None:
    """Forget an endpoint, its secrets and its log."""
    await endpoints.delete_webhook(database, await _own(request, webhook_id, database), actor=request.auth.actor)


@post(f"{_PATH}/test", guards=[Requires(Scope.WEBHOOKS_WRITE)], tags=["Webhooks"], status_code=200, opt=query(), responses=problems(404))
async def try_webhook(request: CallersRequest, webhook_id: FromPath[str], database: Db, sender: NamedDependency[Sender]) -> Trial:
    """Send a test message at once, and answer what came of it."""
    return trial(await try_endpoint(database, sender, await _own(request, webhook_id, database)))


@post(
    f"{_PATH}/replay",
    guards=[Requires(Scope.WEBHOOKS_WRITE)],
    tags=["Webhooks"],
    status_code=200,
    opt=query() | takes(Replay),
    responses=problems(404, 413, 415),
)
async def replay_webhook(request: CallersRequest, webhook_id: FromPath[str], database: Db) -> WebhookItem:
    """Send again what was sent before, from a time or a company on, in order and with the same ids."""
    own = await _own(request, webhook_id, database)
    body = await json_body(request, Replay)
    company_id = CompanyId(body.company_id) if body.company_id else None
    await endpoints.replay(database, own, since=_moment(body.since), company_id=company_id, actor=request.auth.actor)
    return item(own)


@post(f"{_PATH}/rotate", guards=[Requires(Scope.WEBHOOKS_WRITE)], tags=["Webhooks"], status_code=200, opt=query(), responses=problems(404))
async def rotate_webhook(request: CallersRequest, webhook_id: FromPath[str], database: Db, vault: NamedDependency[Vault]) -> RotatedSecret:
    """Make a new secret; for a day, messages are signed with the previous one too."""
    own = await _own(request, webhook_id, database)
    return rotated(own, await endpoints.rotate(database, own, vault=vault, actor=request.auth.actor))


@post(f"{_PATH}/disable", guards=[Requires(Scope.WEBHOOKS_WRITE)], tags=["Webhooks"], status_code=200, opt=query(), responses=problems(404))
async def disable_webhook(request: CallersRequest, webhook_id: FromPath[str], database: Db) -> WebhookItem:
    """Send nothing more for now; the endpoint keeps its place."""
    own = await _own(request, webhook_id, database)
    return item(await endpoints.disable(database, own, reason=f"Disabled by {request.auth.actor}.", actor=request.auth.actor))


@post(f"{_PATH}/enable", guards=[Requires(Scope.WEBHOOKS_WRITE)], tags=["Webhooks"], status_code=200, opt=query(), responses=problems(404))
async def enable_webhook(request: CallersRequest, webhook_id: FromPath[str], database: Db) -> WebhookItem:
    """Go on where it stopped: everything delivered meanwhile is sent."""
    own = await _own(request, webhook_id, database)
    return item(await endpoints.enable(database, own, actor=request.auth.actor))


@get(f"{_PATH}/attempts", guards=[Requires(Scope.WEBHOOKS_READ)], tags=["Webhooks"], opt=query(LIMIT, OFFSET), responses=problems(404))
async def webhook_attempts(request: CallersRequest, webhook_id: FromPath[str], database: Db) -> AttemptPage:
    """What was sent to an endpoint and what came of it, newest first."""
    arguments = query_of(request)
    limit, offset = arguments[LIMIT], arguments[OFFSET]
    own = await _own(request, webhook_id, database)
    found = await store.attempts(database, own.id, limit=limit, offset=offset)
    total = await store.count_attempts(database, own.id)
    return page_of(AttemptPage, [attempt_item(logged) for logged in found], total=total, limit=limit, offset=offset)


async def _create(
    request: CallersRequest, database: Database, body: NewDestination, search_id: SearchId | None, *, allow_private: bool, vault: Vault
) -> CreatedWebhook:
    if body.full:
        _require_people(request)
    made = await endpoints.create_webhook(
        database,
        body.url,
        organization_id=request.auth.organization_id,
        search_id=search_id,
        events=body.events or (),
        is_full=body.full,
        base_url=service_url(request),
        allow_private=allow_private,
        vault=vault,
        actor=request.auth.actor,
    )
    return created(*made)


def _require_people(request: CallersRequest) -> None:
    """Who may not pull companies and people must not have them pushed either, wherever to."""
    request.auth.require(
        (Scope.WEBHOOKS_WRITE, Scope.COMPANIES_READ, Scope.PROSPECTS_READ),
        otherwise="Full events carry companies and people, and this key lacks {missing}; use another, or leave out full.",
    )


async def _own(request: CallersRequest, webhook_id: str, database: Database) -> Webhook:
    query_of(request)
    wanted = WebhookId(path_identifier("webhook_id", webhook_id))
    return await endpoints.known_webhook(database, wanted, request.auth.organization_id)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else given_timestamp(text, "since", field="since")
