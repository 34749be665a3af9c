"""HTTP: what is live just now, company by company and person by person. To keep a copy, pull the feed instead."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from openprospect.server.access.guard import CallersRequest, Requires
from openprospect.server.access.model import Scope
from openprospect.server.catalog import store
from openprospect.server.catalog.wire import CompanyItem, CompanyPage, ProspectItem, ProspectPage
from openprospect.server.core.errors import Conflict, NotFound
from openprospect.server.db.pool import Database
from openprospect.server.http.openapi import problems
from openprospect.server.http.paging import LIMIT, OFFSET, page_of
from openprospect.server.http.parameters import Identifier, path_identifier, query, query_of
from openprospect.server.searches.lookup import own_search
from openprospect.server.searches.model import SearchId

T = TypeVar("T")

SEARCH_ID = Identifier("prospect_search_id", description="Only what this prospect search delivered")
COMPANY_ID = Identifier("company_id", description="Only who is at this company")


@get("/companies", guards=[Requires(Scope.COMPANIES_READ)], tags=["Catalog"], opt=query(SEARCH_ID, LIMIT, OFFSET), responses=problems(404))
async def companies(request: CallersRequest, database: NamedDependency[Database]) -> CompanyPage:
    """Live companies, without their people."""
    search_id, limit, offset = await _arguments(request, database)
    organization_id = request.auth.organization_id
    items = await store.company_page(database, organization_id, search_id, limit=limit, offset=offset)
    total, _ = await store.live_counts(database, organization_id, search_id)
    return page_of(CompanyPage, items, total=total, limit=limit, offset=offset)


@get("/prospects", guards=[Requires(Scope.PROSPECTS_READ)], tags=["Catalog"], opt=query(SEARCH_ID, LIMIT, OFFSET), responses=problems(404))
async def prospects(request: CallersRequest, database: NamedDependency[Database]) -> ProspectPage:
    """Live people, with the company that each belongs to."""
    search_id, limit, offset = await _arguments(request, database)
    organization_id = request.auth.organization_id
    items = await store.prospect_page(database, organization_id, search_id, limit=limit, offset=offset)
    _, total = await store.live_counts(database, organization_id, search_id)
    return page_of(ProspectPage, items, total=total, limit=limit, offset=offset)


@get(
    "/companies/{company_id:str}",
    guards=[Requires(Scope.COMPANIES_READ)],
    tags=["Catalog"],
    opt=query(SEARCH_ID),
    responses=problems(404, 409),
)
async def company(request: CallersRequest, company_id: FromPath[str], database: NamedDependency[Database]) -> CompanyItem:
    """One live company, without its people."""
    search_id = query_of(request)[SEARCH_ID]
    wanted = path_identifier("company_id", company_id)
    found = await store.companies_of_id(database, request.auth.organization_id, search_id, wanted)
    return _only(found, "company", narrower="prospect_search_id")


@get(
    "/prospects/{prospect_id:str}",
    guards=[Requires(Scope.PROSPECTS_READ)],
    tags=["Catalog"],
    opt=query(SEARCH_ID, COMPANY_ID),
    responses=problems(404, 409),
)
async def prospect(request: CallersRequest, prospect_id: FromPath[str], database: NamedDependency[Database]) -> ProspectItem:
    """One live person."""
    arguments = query_of(request)
    wanted = path_identifier("prospect_id", prospect_id)
    organization_id = request.auth.organization_id
    found = await store.prospects_of_id(database, organization_id, arguments[SEARCH_ID], arguments[COMPANY_ID], wanted)
    return _only(found, "prospect", narrower="prospect_search_id or company_id")


async def _arguments(request: CallersRequest, database: Database) -> tuple[UUID | None, int, int]:
    arguments = query_of(request)
    search_id = arguments[SEARCH_ID]
    if search_id is not None:
        await own_search(database, SearchId(search_id), request.auth.organization_id)
    return search_id, arguments[LIMIT], arguments[OFFSET]


def _only(found: Sequence[T], what: str, *, narrower: str) -> T:
    if not found:
        raise NotFound(f"There is no such {what} for this key, or it is gone.", code=f"{what.upper()}_NOT_FOUND")
    if len(found) > 1:
        raise Conflict(f"This id stands in {len(found)} places; name one of them with {narrower}.", code="AMBIGUOUS_ID")
    return found[0]
