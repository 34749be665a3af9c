"""A limit: the same lines from the same table in batches of as many companies, behind an ASGI application that does nothing else.

`/SEARCH` streams a whole feed. No key, no watermark, no receipt, no bound on the bytes of a batch.
"""

import os
from typing import Any
from uuid import UUID

from openprospect.server.db.pool import Database
from openprospect.server.feed.exporting.batches import BATCH_COMPANIES

_BATCH = r"""
SELECT max(delivered_at) AS last_at, convert_to(string_agg(document, E'\n' ORDER BY delivered_at), 'UTF8') AS companies
FROM (
    SELECT delivered_at, document FROM delivery
    WHERE prospect_search_id = $1 AND superseded_at IS NULL AND delivered_at > coalesce($2::timestamptz, '-infinity') AND NOT is_removal
    ORDER BY delivered_at LIMIT $3 OFFSET 0
) AS batch
"""
_open: dict[str, Database] = {}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """ASGI by hand."""
    if scope["type"] == "lifespan":
        await receive()
        _open["database"] = await Database.open(os.environ["OPENPROSPECT_DATABASE_URL"])
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/x-ndjson")]})
    if scope["path"] != "/health":
        await _stream(UUID(scope["path"][1:]), send)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _stream(search_id: UUID, send: Any) -> None:
    after = None
    while (row := await _open["database"].row(_BATCH, search_id, after, BATCH_COMPANIES)) and row["last_at"]:
        after = row["last_at"]
        await send({"type": "http.response.body", "body": b"%b\n" % row["companies"], "more_body": True})
