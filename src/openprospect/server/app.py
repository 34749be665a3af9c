"""Composition root: settings in, ready application out. Every route and every part that lives as long as the service is named here."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from litestar import Litestar, Request, Router, get
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ASGIApp

from openprospect.server.access import routes as access
from openprospect.server.access.guard import KeyUses
from openprospect.server.catalog import routes as catalog
from openprospect.server.core.errors import Unavailable
from openprospect.server.db.pool import Database
from openprospect.server.feed import routes as feed
from openprospect.server.feed.housekeeping import tidy
from openprospect.server.feed.receipts import FLUSH_SECONDS, Receipts
from openprospect.server.http import openapi
from openprospect.server.http.body import MAX_BODY_BYTES
from openprospect.server.http.errors import EXCEPTION_HANDLERS
from openprospect.server.http.methods import Methods, is_head
from openprospect.server.http.reference import reference_router
from openprospect.server.http.request_id import RequestId
from openprospect.server.privacy import routes as privacy
from openprospect.server.searches import routes as searches
from openprospect.server.settings import DEFAULTS, Settings

logger = logging.getLogger(__name__)

_TIDY_SECONDS = 300.0
_KEY_USE_SECONDS = 5.0

_ROUTES = [
    access.validate_key,
    searches.prospect_searches,
    searches.open_prospect_search,
    feed.delivered_companies,
    feed.deliver_companies,
    feed.withdraw_company,
    feed.confirm_receipt,
    privacy.erase_person,
    privacy.erasure,
    catalog.companies,
    catalog.company,
    catalog.prospects,
    catalog.prospect,
    openapi.openapi_document,
]


def create_app(dsn: str, settings: Settings = DEFAULTS) -> ASGIApp:
    """The whole service over one database; it connects when it starts up."""
    app = Litestar(
        route_handlers=[Router("/api/v1", route_handlers=_ROUTES), reference_router(), health],
        dependencies={
            "database": Provide(_database),
            "receipts": Provide(_receipts),
            "erasure_deadline": Provide(lambda: timedelta(days=settings.erasure_deadline_days), sync_to_thread=False),
        },
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[lambda app: _running(app, dsn)],
        openapi_config=openapi.config(version("openprospect")),
        compression_config=CompressionConfig(backend="gzip", gzip_compress_level=1, minimum_size=1024),
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
    )
    app.state.openapi = openapi.document(app)
    return RequestId(Methods(app))


@get("/health", include_in_schema=False, sync_to_thread=False)
def health() -> dict[str, str]:
    """The process is alive."""
    return {"status": "ok"}


async def _database(state: State) -> Database:
    database: Database = state.database
    return database


async def _receipts(request: Request[Any, Any, Any], state: State) -> Receipts:
    """The process's own; for a HEAD request one that is thrown away, since whoever asks so is served nothing."""
    receipts: Receipts = state.receipts
    return Receipts() if is_head(request) else receipts


@asynccontextmanager
async def _running(app: Litestar, dsn: str) -> AsyncIterator[None]:
    async with await Database.open(dsn) as database:
        receipts, key_uses = Receipts(), KeyUses()
        app.state.database, app.state.receipts, app.state.key_uses = database, receipts, key_uses

        async def write_receipts() -> None:
            await receipts.settle()
            await receipts.flush(database)

        async def write_key_uses() -> None:
            await key_uses.flush(database)

        async def forget() -> None:
            await tidy(database)

        async with _every(FLUSH_SECONDS, write_receipts), _every(_KEY_USE_SECONDS, write_key_uses), _every(_TIDY_SECONDS, forget):
            yield
        await _attempt(lambda: receipts.flush(database))
        await _attempt(write_key_uses)


@asynccontextmanager
async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Do something again and again while the block runs; what fails is tried again at the next turn."""

    async def loop() -> None:
        while True:
            await _attempt(work)
            await asyncio.sleep(seconds)

    task = asyncio.create_task(loop())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _attempt(work: Callable[[], Awaitable[None]]) -> None:
    """Do something in the background; a failure is logged, by its kind alone."""
    try:
        await work()
    except Unavailable as error:
        logger.warning("%s", error)
    except Exception as error:  # noqa: BLE001  # one bad turn must not end all later ones
        logger.error("a background turn failed: %s", type(error).__name__)
