"""Pages: how a consumer connects to a search, and the answer that it will get."""

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from openprospect.server.console import store
from openprospect.server.console.gate import OperatorsRequest, posted
from openprospect.server.console.page import page
from openprospect.server.console.routes.search import own_feed
from openprospect.server.console.samples import samples
from openprospect.server.db.pool import Database

_LIMIT = 2


@get("/searches/{search_id:str}/connect")
async def connect_page(request: OperatorsRequest, search_id: FromPath[str], database: NamedDependency[Database]) -> Response[str]:
    """The programs of the delivery page, ready to run."""
    feed = await own_feed(request, database, search_id)
    base_url = str(request.base_url).rstrip("/")
    return page(request, "connect.html", feed=feed, base_url=base_url, samples=samples(feed.search_id, base_url))


@post("/searches/{search_id:str}/try", status_code=200)
async def try_search(request: OperatorsRequest, search_id: FromPath[str], database: NamedDependency[Database]) -> Response[str]:
    """The answer to the first request of a consumer. Nothing counts as served by it, and no walk begins."""
    await posted(request)
    feed = await own_feed(request, database, search_id)
    row = await store.first_companies(database, feed.search_id, limit=_LIMIT)
    head = msgspec.json.encode({"total": row["total"], "limit": _LIMIT, "offset": 0, "has_more": row["total"] > row["count"]})
    answer = msgspec.json.format(b'{"items":[' + row["companies"] + b"]," + head[1:], indent=2).decode()
    return page(request, "parts/answer.html", answer=answer, limit=_LIMIT)
