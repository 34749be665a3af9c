"""A limit: the service's own page statements behind an ASGI application that does nothing else. No receipt, no headers, none together.

`/page` reads the feed as it is now, after `since` if that is given; `/page_at` a page of the caller's walk; anything else answers the
same bytes every time.
"""

import os
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from bench.read.data import Data
from bench.read.statements import Call, page, page_at
from openprospect.server.access.secret import hash_of
from openprospect.server.db.pool import Database

_DATA = msgspec.json.decode(os.environ["BENCH_DATA"], type=Data)
_PAGE_OF_BYTES = b"x" * int(os.environ["BENCH_PAGE_BYTES"])
_open: dict[str, Database] = {}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """ASGI by hand."""
    if scope["type"] == "lifespan":
        await receive()
        _open["database"] = await Database.open(_DATA.dsn)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    call = _call(scope, dict(parse_qsl(scope["query_string"].decode())))
    body = _PAGE_OF_BYTES if call is None else await _body(call)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _call(scope: dict[str, Any], query: dict[str, str]) -> Call | None:
    if scope["path"] == "/constant":
        return None
    secret_hash = hash_of(dict(scope["headers"])[b"authorization"].removeprefix(b"Bearer ").decode())
    if scope["path"] == "/page_at":
        return page_at(_DATA, offset=int(query["offset"]), secret_hash=secret_hash)
    return page(_DATA, since=datetime.fromisoformat(query["since"]) if "since" in query else None, secret_hash=secret_hash)


async def _body(call: Call) -> bytes:
    sql, arguments = call
    row = await _open["database"].row(sql, *arguments)
    assert row is not None
    companies: bytes = row["companies"]
    return b'{"items":[%b],"total":%d}' % (companies, row["total"])
