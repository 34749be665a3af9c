"""HTTP: pull a feed, deliver to it, withdraw from it, confirm it."""

import asyncio
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from litestar import MediaType, Response, delete, post, put
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from openprospect.server.access.guard import CallersRequest, CredentialRequest, Requires, RequiresInStatement
from openprospect.server.access.model import Scope
from openprospect.server.core.errors import InvalidInput, NotFound
from openprospect.server.core.timestamps import format_timestamp, given_timestamp
from openprospect.server.db.pool import Database
from openprospect.server.feed.model import CompanyId
from openprospect.server.feed.reading.ask import Ask
from openprospect.server.feed.reading.pages import Page, Pages
from openprospect.server.feed.receipts import Receipts
from openprospect.server.feed.wire import Batch, BatchResult, CompanyInput, DeliveredCompanies, Receipt, StoredReceipt
from openprospect.server.feed.writing.commits import SharedCommits
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.feed.writing.produce import rows_of_json, rows_of_ndjson
from openprospect.server.feed.writing.publish import Submission
from openprospect.server.feed.writing.withdraw import withdraw
from openprospect.server.http.address import service_url
from openprospect.server.http.body import json_body, media_type_of, takes
from openprospect.server.http.idempotency import HEADER_PARAMETER, idempotency_key
from openprospect.server.http.methods import is_head
from openprospect.server.http.openapi import header, problems
from openprospect.server.http.paging import LIMIT, OFFSET
from openprospect.server.http.parameters import Moment, Query, Text, path_identifier, query, query_of
from openprospect.server.http.raw_route import RawResponse, RawRoute
from openprospect.server.searches.lookup import own_search
from openprospect.server.searches.model import SearchId

DELIVERED_SINCE = Moment("delivered_since", description="Return companies delivered after this timestamp")
AFTER = Moment(
    "after", description="What comes later than this in time, as the Link header gives it; instead of delivered_since and offset"
)
REASON = Text("reason", maximum_length=1000, description="Why the company is withdrawn; consumers see it as removal_reason")

# A body that takes long to look through keeps nobody else waiting; for a small one, a thread would cost more than it saves.
_ASIDE_BYTES = 1 << 20

# Longer questions than anybody's are not remembered: what is kept for strangers stays small.
_ORDINARY_BYTES = 300

_PAGE_PARAMETERS = (DELIVERED_SINCE, LIMIT, OFFSET, AFTER)
_PATH = "/deliveries/{prospect_search_id:str}/companies"
_NDJSON = "application/x-ndjson"
_ETAG = 'W/"489994e50198c2ae5ef5d6ca"'
_NEXT = (
    '<https://…/companies?after=2026-02-25T12:00:00.000001Z&limit=50>; rel="next", '
    '<https://…/export>; rel="alternate"; type="application/x-ndjson"'
)
_PAGE_HEADERS = {
    "header_parameters": [
        {"name": "If-None-Match", "in": "header", "required": False}
        | header("The ETag of a page already held: 304 without a body where it is still the same", example=_ETAG)
    ],
    "response_headers": {
        "ETag": header("Names this page as it is now", example=_ETAG),
        "Delivery-Watermark": header("Up to where the feed was complete", example="2026-02-25T12:00:00.000001Z"),
        "Delivery-Instance": header("Which service this is, wherever it answers", example="0b8f4c8e-6b1d-4a53-9d0e-3f3f1c2d4e5f"),
        "Link": header("The next page by its place in time, and the same as one stream; on every page but the last", example=_NEXT),
    },
}


@RawRoute(
    _PATH,
    http_method="GET",
    guards=[RequiresInStatement(Scope.COMPANIES_READ, Scope.PROSPECTS_READ)],
    tags=["Deliveries"],
    opt=query(*_PAGE_PARAMETERS) | _PAGE_HEADERS,
    responses=problems(404, 410)
    | {
        200: ResponseSpec(data_container=DeliveredCompanies, description="A page of the feed.", generate_examples=False),
        304: ResponseSpec(data_container=None, description="The page is the one that the ETag names.", generate_examples=False),
    },
)
async def delivered_companies(request: CredentialRequest, prospect_search_id: FromPath[str]) -> RawResponse:
    """Delivered companies with embedded prospects, ascending by `delivered_at`."""
    key = request.auth
    # Not as arguments: each dependency costs the framework a task, on each request.
    pages: Pages = request.app.state.pages
    receipts: Receipts = request.app.state.receipts
    try:
        ask = _ask(request.scope["query_string"], prospect_search_id)
    except InvalidInput:
        # Whoever may not read is not told what was wrong with their question either.
        await key.caller(pages.database)
        raise
    etags = _etags(request)
    unchanged = await pages.unchanged(key, ask, etags) if etags else None
    caller, page = unchanged or await pages.read(key, ask)
    if not is_head(request):
        # Only now is the search known to be the caller's, and before `served`: what this very answer holds proves nothing.
        if ask.since is not None and ask.offset == 0:
            receipts.confirm(ask.search_id, caller.consumer, ask.since)
        if page.served_until is not None and (page.count or not ask.offset):  # past the end there is nothing to be given
            receipts.served(ask.search_id, caller.consumer, since=ask.begins_after, until=page.served_until)
    headers = _headers(request, ask, page)
    if page.etag in etags:
        return RawResponse(b"", status_code=304, headers=headers)
    return RawResponse(_body(ask, page), status_code=200, headers=[*headers, (b"content-type", b"application/json")])


@post(
    _PATH,
    guards=[Requires(Scope.DELIVERIES_WRITE)],
    tags=["Deliveries"],
    status_code=200,
    opt=query() | takes(Batch, CompanyInput, media_types=("application/json", _NDJSON)) | {"header_parameters": [HEADER_PARAMETER]},
    responses=problems(404, 409, 413, 415)
    | {200: ResponseSpec(data_container=BatchResult, description="What became of each company.", generate_examples=False)},
)
async def deliver_companies(
    request: CallersRequest,
    prospect_search_id: FromPath[str],
    database: NamedDependency[Database],
    commits: NamedDependency[SharedCommits],
) -> Response[bytes]:
    """Deliver 1 to 1,000 companies: all of them, or none."""
    query_of(request)
    search_id = _search_id(prospect_search_id)
    body = await request.body()
    key = idempotency_key(request, body)
    search = await own_search(database, search_id, request.auth.organization_id)
    reader = _reader(request)
    rows = reader(body) if len(body) < _ASIDE_BYTES else await asyncio.to_thread(reader, body)
    submission = Submission(rows=rows, actor=request.auth.actor, all_or_nothing=True)
    return Response(await commits.deliver(search, submission, key=key), media_type=MediaType.JSON)


@delete(
    _PATH + "/{company_id:str}",
    guards=[Requires(Scope.DELIVERIES_WRITE)],
    tags=["Deliveries"],
    opt=query(REASON),
    responses=problems(404),
)
async def withdraw_company(
    request: CallersRequest,
    prospect_search_id: FromPath[str],
    company_id: FromPath[str],
    database: NamedDependency[Database],
    writing: NamedDependency[Writing],
) -> None:
    """Take a delivered company back: consumers get it once more, with nobody in it and `removed_at`."""
    reason = query_of(request)[REASON]
    search_id = _search_id(prospect_search_id)
    wanted = CompanyId(path_identifier("company_id", company_id))
    search = await own_search(database, search_id, request.auth.organization_id)
    actor = request.auth.actor
    if not await writing.at_feed(search.id, lambda db: withdraw(db, search, [wanted], reason=reason, actor=actor)):
        raise NotFound("There is no such company in this feed, or it has been withdrawn already.", code="COMPANY_NOT_FOUND")


@put(
    "/deliveries/{prospect_search_id:str}/receipt",
    guards=[Requires(Scope.COMPANIES_READ, Scope.PROSPECTS_READ)],
    tags=["Deliveries"],
    opt=query() | takes(Receipt),
    responses=problems(404, 413, 415),
)
async def confirm_receipt(
    request: CallersRequest, prospect_search_id: FromPath[str], database: NamedDependency[Database], receipts: NamedDependency[Receipts]
) -> StoredReceipt:
    """Confirm that everything up to a timestamp is stored; counts as far as it was served."""
    query_of(request)
    search_id = _search_id(prospect_search_id)
    body = await json_body(request, Receipt)
    until = given_timestamp(body.delivered_until, "delivered_until", field="delivered_until")
    await own_search(database, search_id, request.auth.organization_id)
    stored = await receipts.confirm_now(database, search_id, request.auth.consumer, until)
    return StoredReceipt(delivered_until=format_timestamp(stored))


def _ask(query_string: bytes, prospect_search_id: str) -> Ask:
    """Raises InvalidInput."""
    read = _remembered_ask if len(query_string) <= _ORDINARY_BYTES else _remembered_ask.__wrapped__
    return read(query_string, prospect_search_id)


@lru_cache(maxsize=4096)
def _remembered_ask(query_string: bytes, prospect_search_id: str) -> Ask:
    """Consumers ask for the same pages over and over, and what a question means does not change."""
    arguments = Query(query_string, _PAGE_PARAMETERS)
    ask = Ask(
        search_id=_search_id(prospect_search_id),
        since=arguments[DELIVERED_SINCE],
        after=arguments[AFTER],
        limit=arguments[LIMIT],
        offset=arguments[OFFSET],
    )
    if ask.after is not None and (ask.since is not None or ask.offset):
        raise InvalidInput("Send after without delivered_since and offset: it replaces both.", parameter="after")
    return ask


def _search_id(text: str) -> SearchId:
    return SearchId(path_identifier("prospect_search_id", text))


def _etags(request: CredentialRequest) -> set[str]:
    return {etag.strip() for etag in request.headers.get("if-none-match", "").split(",") if etag.strip()}


def _headers(request: CredentialRequest, ask: Ask, page: Page) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"etag", page.etag.encode()),
        (b"delivery-watermark", format_timestamp(page.watermark).encode()),
        (b"delivery-instance", request.app.state.instance.encode()),
        (b"cache-control", b"private, no-cache"),
    ]
    if page.has_more and page.last_at is not None:
        headers.append((b"link", _links(request, ask, page.last_at).encode()))
    return headers


def _links(request: CredentialRequest, ask: Ask, last_at: datetime) -> str:
    base = _address(request)
    export = base.removesuffix("companies") + "export" + _begun(ask)
    return f'<{base}?after={format_timestamp(last_at)}&limit={ask.limit}>; rel="next", <{export}>; rel="alternate"; type="{_NDJSON}"'


def _begun(ask: Ask) -> str:
    """Where the stream begins, told in the page's own way: what is only read after a time is not thereby stored."""
    if ask.after is not None:
        return f"?after={format_timestamp(ask.after)}"
    return "" if ask.since is None else f"?delivered_since={format_timestamp(ask.since)}"


def _address(request: CredentialRequest) -> str:
    """The route's own address, as the caller reached it."""
    return f"{service_url(request)}{quote(request.scope['path'])}".rstrip("/")


def _body(ask: Ask, page: Page) -> bytes:
    has_more: bytes = b"true" if page.has_more else b"false"
    return b'{"items":[%b],"total":%d,"limit":%d,"offset":%d,"has_more":%b}' % (page.companies, page.total, ask.limit, ask.offset, has_more)


def _reader(request: CallersRequest) -> Any:
    readers = {"application/json": rows_of_json, _NDJSON: rows_of_ndjson}
    reader = readers.get(media_type_of(request))
    if reader is None:
        raise HTTPException(status_code=415)
    return reader
