"""`Idempotency-Key`: a request sent again within a day gets the first one's answer, and changes nothing."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from litestar import Request

from openprospect.server.core.errors import Conflict, InvalidInput
from openprospect.server.db.pool import Connection, Database
from openprospect.server.db.queries import beside

SQL = beside(__file__)

_MAX_LENGTH = 255

HEADER_PARAMETER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text of up to 255 characters that names this request; sent again within 24 hours, it is answered from memory.",
    "schema": {"type": "string", "minLength": 1, "maxLength": _MAX_LENGTH},
}


def idempotency_key(request: Request[Any, Any, Any]) -> str | None:
    """The key that the caller sent; raises InvalidInput for one that cannot be kept."""
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= _MAX_LENGTH and key.isprintable()):
        raise InvalidInput(f"Idempotency-Key must have 1 to {_MAX_LENGTH} printable characters.", parameter="Idempotency-Key")
    return key


def request_hash(request: Request[Any, Any, Any], body: bytes) -> bytes:
    """Tells whether a key is used again for another request."""
    return hashlib.sha256(f"{request.method} {request.url.path}\0".encode() + body).digest()


async def once(
    database: Database, organization_id: UUID, *, key: str | None, fingerprint: bytes, work: Callable[[Connection], Awaitable[bytes]]
) -> bytes:
    """Run the work in a transaction and keep its answer with it, or give the answer kept before.

    Raises Conflict while the first request is still under way, InvalidInput where the key was used for another.
    """
    async with database.transaction() as db:
        if key is None:
            return await work(db)
        if not await db.value(SQL.claim_key, f"{organization_id} {key}"):
            raise Conflict("A request with this Idempotency-Key is under way; wait for its answer, then ask again.")
        kept = await db.row(SQL.answer_kept, organization_id, key)
        if kept is None:
            answer = await work(db)
            await db.execute(SQL.keep_answer, organization_id, key, fingerprint, answer.decode())
            return answer
        if kept["request_hash"] != fingerprint:
            raise InvalidInput("This Idempotency-Key was used for another request; send a fresh one.", parameter="Idempotency-Key")
        return kept["body"].encode()  # type: ignore[no-any-return]
