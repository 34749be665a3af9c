"""HTTP: list prospect searches, open one."""

from litestar import get, post
from litestar.di import NamedDependency

from openprospect.server.access.guard import CallersRequest, Requires
from openprospect.server.access.model import Scope
from openprospect.server.db.pool import Database
from openprospect.server.http.body import json_body, takes
from openprospect.server.http.openapi import problems
from openprospect.server.http.paging import LIMIT, OFFSET, page_of
from openprospect.server.http.parameters import query, query_of
from openprospect.server.searches import store
from openprospect.server.searches.create import create_search
from openprospect.server.searches.model import SearchId
from openprospect.server.searches.wire import NewSearch, SearchItem, SearchPage, item


@get("/prospect-searches", guards=[Requires(Scope.SEARCHES_READ)], tags=["Searches"], opt=query(LIMIT, OFFSET), responses=problems())
async def prospect_searches(request: CallersRequest, database: NamedDependency[Database]) -> SearchPage:
    """The prospect searches of this key's organization, oldest first."""
    arguments = query_of(request)
    limit, offset = arguments[LIMIT], arguments[OFFSET]
    found = await store.searches_of(database, request.auth.organization_id, limit=limit, offset=offset)
    total = await store.count_searches_of(database, request.auth.organization_id)
    return page_of(SearchPage, [item(search) for search in found], total=total, limit=limit, offset=offset)


@post(
    "/prospect-searches",
    guards=[Requires(Scope.SEARCHES_WRITE)],
    tags=["Searches"],
    opt=query() | takes(NewSearch),
    responses=problems(409, 413, 415),
)
async def open_prospect_search(request: CallersRequest, database: NamedDependency[Database]) -> SearchItem:
    """Open a prospect search, ready to be delivered to."""
    query_of(request)
    body = await json_body(request, NewSearch)
    search = await create_search(
        database,
        body.name,
        organization_id=request.auth.organization_id,
        search_id=SearchId(body.id) if body.id else None,
        actor=request.auth.actor,
    )
    return item(search)
