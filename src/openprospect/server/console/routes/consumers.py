"""Pages: one consumer over all its searches, and what it lacks of one of them."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from openprospect.server.console import store
from openprospect.server.console.gate import OperatorsRequest
from openprospect.server.console.page import page
from openprospect.server.console.paging import numbered
from openprospect.server.console.routes.search import own_feed
from openprospect.server.console.verdict import name_of, verdict, worst_first
from openprospect.server.core.errors import NotFound
from openprospect.server.core.timestamps import given_timestamp
from openprospect.server.db.pool import Database
from openprospect.server.observability import store as watched
from openprospect.server.observability.watch import load_watch

_PAGE = 50


@get("/consumers")
async def consumers_page(request: OperatorsRequest, database: NamedDependency[Database]) -> Response[str]:
    """One consumer where its name is in the query, for a key may be called anything, with slashes in it; else all of them."""
    name = request.query_params.get("name")
    return await _all_consumers(request, database) if name is None else await _consumer(request, database, name)


async def _all_consumers(request: OperatorsRequest, database: Database) -> Response[str]:
    named = request.query_params.get("named", "")
    standings = await watched.standings(database, request.auth.organization_id)
    worst = worst_first([standing for standing in standings if named.casefold() in name_of(standing).casefold()])
    return page(request, "consumers.html", standings=numbered(worst, request.query_params.get("page", "")), named=named)


async def _consumer(request: OperatorsRequest, database: Database, name: str) -> Response[str]:
    """Does this customer have everything?"""
    organization_id, now = request.auth.organization_id, datetime.now(UTC)
    watch = await load_watch(database, organization_id, consumer=name)
    keys = await store.keys_of(database, organization_id, name=name, limit=_PAGE)
    has_come = bool(watch.standings or watch.queues)
    if not (keys or has_come):
        raise NotFound("There is no such consumer.")
    return page(
        request,
        "consumer.html",
        name=name_of(watch.standings[0]) if watch.standings else name,
        now=now,
        verdict=verdict(watch, now) if has_come else None,
        standings=numbered(worst_first(watch.standings), request.query_params.get("page", "")),
        address=f"consumers?name={quote(name)}&",
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
