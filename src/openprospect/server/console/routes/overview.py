"""Pages: the overview, and its part that keeps itself up to date."""

from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency

from openprospect.server.console import chart
from openprospect.server.console.gate import OperatorsRequest, checked_form, text
from openprospect.server.console.page import page, see
from openprospect.server.console.paging import first, numbered
from openprospect.server.console.store import deliveries_by
from openprospect.server.console.verdict import expiring, verdict, worst_first
from openprospect.server.core.errors import InvalidInput
from openprospect.server.db.pool import Database
from openprospect.server.observability import store
from openprospect.server.observability.watch import load_watch
from openprospect.server.searches.create import create_search

_SOON = timedelta(days=7)
_WARNINGS = 10
PERIODS = {"hour": (timedelta(hours=1), 48), "day": (timedelta(days=1), 30)}


@get("/")
async def overview_page(request: OperatorsRequest, database: NamedDependency[Database]) -> Response[str]:
    """Does every customer have everything?"""
    return page(request, "overview.html", **await _overview(request, database), problem=None)


@get("/now")
async def overview_now(request: OperatorsRequest, database: NamedDependency[Database]) -> Response[str]:
    """What the overview fetches every few seconds."""
    return page(request, "parts/now.html", **await _overview(request, database))


@get("/searches")
async def searches_page(request: OperatorsRequest, database: NamedDependency[Database]) -> Response[str]:
    """All searches, or those whose names hold a text, page by page."""
    named = request.query_params.get("named", "")
    feeds = [feed for feed in await store.feeds(database, request.auth.organization_id) if named.casefold() in feed.search.casefold()]
    return page(request, "searches.html", feeds=numbered(feeds, request.query_params.get("page", "")), named=named)


@post("/searches", status_code=303)
async def open_search(request: OperatorsRequest, database: NamedDependency[Database]) -> Response[Any]:
    """Opens a prospect search."""
    form = await checked_form(request)
    try:
        search = await create_search(database, text(form, "name"), organization_id=request.auth.organization_id, actor=request.auth.actor)
    except InvalidInput as error:
        return page(request, "overview.html", status=422, **await _overview(request, database), problem=error.message)
    return see(f"/searches/{search.id}")


async def _overview(request: OperatorsRequest, database: Database) -> dict[str, Any]:
    organization_id, now = request.auth.organization_id, datetime.now(UTC)
    unit = "day" if request.query_params.get("by") == "day" else "hour"
    started = perf_counter()
    # As everybody: a tenant is not shown what other connections do.
    health = await store.database_health(database.whole)
    milliseconds = (perf_counter() - started) * 1000
    watch = await load_watch(database, organization_id)
    erasures = await store.waiting_erasures(database, organization_id)
    return {
        "now": now,
        "verdict": verdict(watch, now),
        "standings": first(worst_first(watch.standings)),
        "feeds": first(watch.feeds),
        "unattended": first(watch.unattended, _WARNINGS),
        "expiring": first(expiring(watch.standings, now + _SOON), _WARNINGS),
        "erasures": first([erasure for erasure in erasures if erasure.deadline_at <= now + _SOON], _WARNINGS),
        "queues": first([queue for queue in watch.queues if queue.is_failing or queue.is_off], _WARNINGS),
        "health": health,
        "milliseconds": milliseconds,
        "unit": unit,
        "chart": await _chart(request, database, unit, now),
    }


async def _chart(request: OperatorsRequest, database: Database, unit: str, now: datetime) -> chart.Chart:
    step, count = PERIODS[unit]
    since = chart.beginning(now, step=step, count=count)
    counts = await deliveries_by(database, request.auth.organization_id, None, unit=unit, since=since)
    return chart.bars(counts, since=since, step=step, count=count)
