"""Pages: a search with its feed and consumers, finding in it, and a company with its history."""

import re
from datetime import datetime

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from openprospect.server.console import store
from openprospect.server.console.find import look_on, look_up
from openprospect.server.console.gate import OperatorsRequest, checked_form, text
from openprospect.server.console.page import page
from openprospect.server.console.verdict import worst_first
from openprospect.server.core.errors import InvalidInput, NotFound
from openprospect.server.core.timestamps import given_timestamp
from openprospect.server.db.pool import Database
from openprospect.server.feed.model import CompanyId
from openprospect.server.http.parameters import path_identifier
from openprospect.server.observability import store as watched
from openprospect.server.observability.model import Feed
from openprospect.server.searches.lookup import unknown_search
from openprospect.server.searches.model import SearchId

_PAGE = 50
_HISTORY = 200
_LONGEST = 300


async def own_feed(request: OperatorsRequest, database: Database, search_id: str) -> Feed:
    """The operator's search of this id; raises NotFound for any other."""
    wanted = SearchId(path_identifier("search_id", search_id))
    found = await watched.feeds(database, request.auth.organization_id, wanted)
    if not found:
        raise unknown_search()
    return found[0]


@get("/searches/{search_id:str}")
async def search_page(request: OperatorsRequest, search_id: FromPath[str], database: NamedDependency[Database]) -> Response[str]:
    """The feed, newest first, and its consumers."""
    feed = await own_feed(request, database, search_id)
    before = _moment(request.query_params.get("before", ""))
    companies = await store.newest_companies(database, feed.search_id, before=before, limit=_PAGE + 1)
    standings = await watched.standings(database, request.auth.organization_id, feed.search_id)
    return page(
        request,
        "search.html",
        feed=feed,
        standings=worst_first(standings),
        companies=companies[:_PAGE],
        before=before,
        older=companies[_PAGE - 1].delivered_at if len(companies) > _PAGE else None,
    )


@post("/searches/{search_id:str}/find", status_code=200)
async def find_in_search(request: OperatorsRequest, search_id: FromPath[str], database: NamedDependency[Database]) -> Response[str]:
    """Finds companies; sent as a form, since an address in a URL would end up in logs."""
    form = await checked_form(request)
    feed = await own_feed(request, database, search_id)
    wanted, before = text(form, "wanted"), _moment(text(form, "before"))
    if not 2 <= len(wanted) <= _LONGEST:
        raise InvalidInput(f"Give 2 to {_LONGEST} characters to look for.")
    if before is None:
        found = await look_up(database, request.auth.organization_id, feed.search_id, wanted)
    else:
        found = await look_on(database, feed.search_id, wanted, before=before, looked_at=_count(text(form, "looked_at")))
    is_part = bool(request.headers.get("hx-request"))
    template = "parts/found.html" if is_part else "found.html"
    return page(request, template, feed=feed, wanted=wanted, found=found, is_first=before is None)


@get("/searches/{search_id:str}/companies/{company_id:str}")
async def company_page(
    request: OperatorsRequest, search_id: FromPath[str], company_id: FromPath[str], database: NamedDependency[Database]
) -> Response[str]:
    """A company as it stands in the feed, and what happened to it."""
    feed = await own_feed(request, database, search_id)
    wanted = CompanyId(path_identifier("company_id", company_id))
    found = await store.companies_at(database, feed.search_id, [wanted])
    if not found:
        raise NotFound("There is no such company in this feed.")
    history = await store.history_of_company(database, feed.search_id, wanted, limit=_HISTORY)
    holders = await store.holders(database, feed.search_id, found[0].delivered_at)
    return page(request, "company.html", feed=feed, shown=found[0], history=history, holders=holders)


def _count(written: str) -> int:
    return int(written) if re.fullmatch(r"[0-9]{1,12}", written) else 0


def _moment(written: str) -> datetime | None:
    return given_timestamp(written, "before", parameter="before") if written else None
