"""Pages: how a consumer connects to a search, and the answer that it will get."""

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from openprospect.server.console import store
from openprospect.server.console.connectors import CONNECTOR_FILES, filled
from openprospect.server.console.gate import OperatorsRequest, checked_form
from openprospect.server.console.page import page
from openprospect.server.console.routes.search import own_feed
from openprospect.server.console.samples import samples
from openprospect.server.core.errors import NotFound
from openprospect.server.db.pool import Database
from openprospect.server.http.address import service_url

_LIMIT = 2


@get("/searches/{search_id:str}/connect")
async def connect_page(request: OperatorsRequest, search_id: FromPath[str], database: NamedDependency[Database]) -> Response[str]:
    """The programs of the delivery page, ready to run."""
    feed = await own_feed(request, database, search_id)
    base_url = service_url(request)
    return page(
        request, "connect.html", feed=feed, base_url=base_url, samples=samples(feed.search_id, base_url), connectors=CONNECTOR_FILES
    )


@get("/searches/{search_id:str}/connectors/{name:str}")
async def connector_file(
    request: OperatorsRequest, search_id: FromPath[str], name: FromPath[str], database: NamedDependency[Database]
) -> Response[str]:
    """A file for another tool, ready to load."""
    feed = await own_feed(request, database, search_id)
    text = filled(name, feed.search_id, service_url(request))
    if text is None:
        raise NotFound("There is no such connector.")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


@post("/searches/{search_id:str}/try", status_code=200)
async def try_search(request: OperatorsRequest, search_id: FromPath[str], database: NamedDependency[Database]) -> Response[str]:
    """The answer to the first request of a consumer. Nothing counts as served by it, and no walk begins."""
    await checked_form(request)
    feed = await own_feed(request, database, search_id)
    row = await store.first_companies(database, feed.search_id, limit=_LIMIT)
    head = msgspec.json.encode({"total": row["total"], "limit": _LIMIT, "offset": 0, "has_more": row["total"] > row["count"]})
    answer = msgspec.json.format(b'{"items":[' + row["companies"] + b"]," + head[1:], indent=2).decode()
    return page(request, "parts/answer.html", answer=answer, limit=_LIMIT)
