"""Pages: one consumer over all its searches, and what it lacks of one of them."""

from datetime import UTC, datetime
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from openprospect.server.console import store
from openprospect.server.console.gate import OperatorsRequest
from openprospect.server.console.page import page
from openprospect.server.console.routes.search import own_feed
from openprospect.server.console.verdict import name_of, verdict, worst_first
from openprospect.server.core.errors import NotFound
from openprospect.server.core.timestamps import given_timestamp
from openprospect.server.db.pool import Database
from openprospect.server.observability import store as watched
from openprospect.server.observability.watch import load_watch

_PAGE = 50


@get("/consumers")
async def consumer_page(request: OperatorsRequest, database: NamedDependency[Database]) -> Response[str]:
    """Does this customer have everything? By its name in the query: a key may be called anything, with slashes in it."""
    consumer, now = request.query_params.get("name", ""), datetime.now(UTC)
    organization_id = request.auth.organization_id
    watch = await load_watch(database, organization_id, consumer=consumer) if consumer else None
    keys = await store.keys_of(database, organization_id, name=consumer, limit=_PAGE)
    if not watch or not (keys or watch.standings or watch.queues):
        raise NotFound("There is no such consumer.")
    has_come = bool(watch.standings or watch.queues)
    return page(
        request,
        "consumer.html",
        name=name_of(watch.standings[0]) if watch.standings else consumer,
        now=now,
        verdict=verdict(watch, now) if has_come else None,
        standings=worst_first(watch.standings),
        keys=keys,
    )


@get("/searches/{search_id:str}/lacking")
async def lacking_page(request: OperatorsRequest, search_id: FromPath[str], database: NamedDependency[Database]) -> Response[Any]:
    """What a consumer has not confirmed of a search, the oldest first."""
    feed = await own_feed(request, database, search_id)
    consumer, after = request.query_params.get("consumer", ""), request.query_params.get("after", "")
    standings = await watched.standings(database, request.auth.organization_id, feed.search_id, consumer)
    if not standings:
        raise NotFound("This consumer has never pulled this search.")
    moment = given_timestamp(after, "after", parameter="after") if after else None
    companies = await watched.lacking(database, feed.search_id, consumer, after=moment, limit=_PAGE + 1)
    return page(
        request,
        "lacking.html",
        feed=feed,
        standing=standings[0],
        companies=companies[:_PAGE],
        is_first=moment is None,
        newer=companies[_PAGE - 1].delivered_at if len(companies) > _PAGE else None,
    )
