"""Composition root: settings in, ready application out. Every route and every part that lives as long as the service is named here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Router, get
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, Guard

from openprospect.server.access import routes as access
from openprospect.server.access.admission import Admission
from openprospect.server.access.limits.counting import counts_in
from openprospect.server.access.limits.leases import Leases
from openprospect.server.access.limits.rates import Rates
from openprospect.server.catalog import routes as catalog
from openprospect.server.console.router import console_router
from openprospect.server.core.background import attempt, every
from openprospect.server.core.start import Start
from openprospect.server.core.vault import Vault
from openprospect.server.db.pool import Admit, Database
from openprospect.server.db.replicas import open_replicas
from openprospect.server.feed import routes as feed
from openprospect.server.feed.exporting import routes as export
from openprospect.server.feed.housekeeping.tidy import EVERY_SECONDS, housekeeping
from openprospect.server.feed.reading.pages import Pages
from openprospect.server.feed.receipts import Receipts, open_receipts
from openprospect.server.feed.writing.commits import SharedCommits
from openprospect.server.feed.writing.locks import LOCK_SECONDS, Writing
from openprospect.server.http import openapi
from openprospect.server.http.answer_headers import AnswerHeaders
from openprospect.server.http.body import MAX_BODY_BYTES
from openprospect.server.http.compression import Compressed
from openprospect.server.http.errors import EXCEPTION_HANDLERS
from openprospect.server.http.methods import Methods, is_head
from openprospect.server.http.reference import reference_router
from openprospect.server.http.request_id import RequestId
from openprospect.server.instance.store import instance, place_of_journals
from openprospect.server.observability import routes as machines
from openprospect.server.observability.requests import Observed, RequestMetrics
from openprospect.server.observability.shutdown import announce_before_stopping
from openprospect.server.observability.tracing.untraced import Untraced
from openprospect.server.observability.tracing.wanted import observed_by
from openprospect.server.privacy import routes as privacy
from openprospect.server.privacy.in_step import InStep
from openprospect.server.privacy.log import ErasureLog
from openprospect.server.privacy.model import ErasurePolicy
from openprospect.server.searches import routes as searches
from openprospect.server.settings import DEFAULTS, Settings
from openprospect.server.webhooks import routes as webhooks
from openprospect.server.webhooks.dispatch import POLL_SECONDS, RETRY_SECONDS, UPKEEP_SECONDS, Dispatcher
from openprospect.server.webhooks.retention import Retention, forget_attempts
from openprospect.server.webhooks.sender import Sender

_KEY_USE_SECONDS = 5.0
# On which one tenant's rows show: what requests use but for pages and deliveries.
_TENANT_CONNECTIONS = 4
# Their own, so that nobody who reads waits for those who change feeds; and as many more on which one tenant's rows show.
_WRITING_CONNECTIONS = 4
# Its own, so that no request waits for pushes.
_PUSH_CONNECTIONS = 3

_ROUTES = [
    access.validate_key,
    searches.prospect_searches,
    searches.open_prospect_search,
    feed.delivered_companies,
    export.export_companies,
    feed.deliver_companies,
    feed.withdraw_company,
    feed.confirm_receipt,
    privacy.disclose_person,
    privacy.erase_person,
    privacy.erasure,
    catalog.companies,
    catalog.company,
    catalog.prospects,
    catalog.prospect,
    webhooks.create_webhook,
    webhooks.create_destination,
    webhooks.webhooks,
    webhooks.webhook,
    webhooks.move_webhook,
    webhooks.delete_webhook,
    webhooks.try_webhook,
    webhooks.replay_webhook,
    webhooks.rotate_webhook,
    webhooks.disable_webhook,
    webhooks.enable_webhook,
    webhooks.webhook_attempts,
]


def create_app(dsn: str, settings: Settings = DEFAULTS) -> ASGIApp:
    """The whole service over one database; it connects when it starts up, and answers 503 for as long as it cannot."""
    log = ErasureLog(Path(settings.erasure_log)) if settings.erasure_log else None
    erasure_policy = ErasurePolicy(deadline=timedelta(days=settings.erasure_deadline_days), log=log)
    vault = Vault(settings.secret_keys)
    tracing = observed_by(is_traced=settings.is_traced)
    in_step = InStep(dsn, erasure_policy)
    start = Start(lambda: _running(app, dsn, settings, vault=vault, tracing=tracing, admit=in_step.admit))

    async def is_started(_connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        start.check()

    needs_start: list[Guard] = [is_started]
    app = Litestar(
        route_handlers=[
            Router("/api/v1", route_handlers=[openapi.openapi_document, Router("/", route_handlers=_ROUTES, guards=needs_start)]),
            reference_router(),
            console_router(guards=needs_start),
            Router("/", route_handlers=[machines.ready, machines.metrics], guards=needs_start),
            health,
        ],
        dependencies={
            "database": Provide(_database),
            "writing": Provide(_writing),
            "receipts": Provide(_receipts),
            "commits": Provide(_commits),
            "erasure_policy": Provide(lambda: erasure_policy, sync_to_thread=False),
            "allow_private": Provide(lambda: settings.webhook_allow_private, sync_to_thread=False),
            "sender": Provide(_sender),
            "vault": Provide(lambda: vault, sync_to_thread=False),
        },
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[lambda app: _leaving(app, settings), lambda _: _closed_at_the_end(tracing), lambda _: in_step.looking(), start],
        openapi_config=openapi.config(version("openprospect")),
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
    )
    app.state.version, app.state.metrics_token = version("openprospect"), settings.metrics_token
    app.state.request_metrics = RequestMetrics()
    observed = Observed(AnswerHeaders(Compressed(app)), app.state.request_metrics)
    return RequestId(Methods(tracing.requests(observed), app.routes))


@get("/health", include_in_schema=False, sync_to_thread=False)
def health() -> dict[str, str]:
    """The process is alive."""
    return {"status": "ok"}


async def _database(request: Request[Any, Any, Any], state: State) -> Database:
    """Within the walls of the tenant that a guard has let in; the whole of it, where there is none."""
    database: Database = state.database
    tenant = getattr(request.scope.get("auth"), "organization_id", None)
    return database.within(tenant) if tenant else database


async def _writing(request: Request[Any, Any, Any], state: State) -> Writing:
    """Within the same walls."""
    writing: Writing = state.writing
    tenant = getattr(request.scope.get("auth"), "organization_id", None)
    return writing.within(tenant) if tenant else writing


async def _receipts(request: Request[Any, Any, Any], state: State) -> Receipts:
    """The process's own; for a HEAD request one that is thrown away, since whoever asks so is served nothing."""
    receipts: Receipts = state.receipts
    return Receipts() if is_head(request) else receipts


async def _commits(state: State) -> SharedCommits:
    commits: SharedCommits = state.commits
    return commits


async def _sender(state: State) -> Sender:
    sender: Sender = state.sender
    return sender


@asynccontextmanager
async def _leaving(app: Litestar, settings: Settings) -> AsyncIterator[None]:
    with announce_before_stopping(settings.stop_notice_seconds) as app.state.departure:
        yield


@asynccontextmanager
async def _running(app: Litestar, dsn: str, settings: Settings, *, vault: Vault, tracing: Untraced, admit: Admit) -> AsyncIterator[None]:
    sender = tracing.sender(vault, allow_private=settings.webhook_allow_private)
    async with (
        await Database.open(
            dsn, tenants_size=_TENANT_CONNECTIONS, on_statement=tracing.on_statement, admit=admit, patience_seconds=settings.read_seconds
        ) as database,
        await Database.open(
            dsn,
            size=_WRITING_CONNECTIONS,
            tenants_size=_WRITING_CONNECTIONS if database.has_walls else 0,
            on_statement=tracing.on_statement,
            admit=admit,
            lock_seconds=LOCK_SECONDS,
        ) as for_writing,
        open_replicas(
            settings.read_database_urls, on_statement=tracing.on_statement, on_asked=app.state.request_metrics.note_replica
        ) as replicas,
        counts_in(database, settings.redis_url) as counts,
    ):
        admission = Admission(rates=_rates(settings), leases=Leases(counts))
        app.state.database, app.state.admission = database, admission
        app.state.writing = Writing(for_writing)
        app.state.commits = SharedCommits(app.state.writing)
        app.state.replicas = replicas
        app.state.pages = Pages.of(database, replicas)
        app.state.instance = await instance(database)

        async def write_key_uses() -> None:
            await admission.uses.flush(database)

        async with (
            open_receipts(database, await place_of_journals(database, app.state.instance)) as app.state.receipts,
            every(_KEY_USE_SECONDS, write_key_uses, name="uses of keys"),
            housekeeping(database),
            _pushing(dsn, settings, app.state.receipts, sender, admit=admit) as app.state.sender,
        ):
            yield
        await attempt(write_key_uses, name="uses of keys")


def _rates(settings: Settings) -> Rates:
    return Rates(
        untiered=settings.rate_limit,
        free=settings.rate_limit_free,
        pro=settings.rate_limit_pro,
        enterprise=settings.rate_limit_enterprise,
    )


@asynccontextmanager
async def _closed_at_the_end(tracing: Untraced) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await asyncio.to_thread(tracing.close)


@asynccontextmanager
async def _pushing(dsn: str, settings: Settings, receipts: Receipts, sender: Sender, *, admit: Admit) -> AsyncIterator[Sender]:
    retention = Retention(
        accepted=timedelta(days=settings.webhook_attempt_days), failed=timedelta(days=settings.webhook_failed_attempt_days)
    )
    async with await Database.open(dsn, size=_PUSH_CONNECTIONS, admit=admit) as database, sender:
        dispatcher = Dispatcher(database, sender, receipts)
        await dispatcher.start()
        async with (
            every(POLL_SECONDS, dispatcher.poll, name="pushes"),
            every(RETRY_SECONDS, dispatcher.retry, name="pushes that failed"),
            every(UPKEEP_SECONDS, dispatcher.upkeep, name="upkeep of pushes"),
            every(UPKEEP_SECONDS, dispatcher.log_attempts, name="log of pushes"),
            every(EVERY_SECONDS, lambda: forget_attempts(database, retention), name="housekeeping of pushes"),
        ):
            yield sender
        await dispatcher.stop()
