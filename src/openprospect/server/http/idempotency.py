"""`Idempotency-Key`: a request sent again within a day gets the first one's answer, and changes nothing."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request

from openprospect.server.core.errors import Conflict, InvalidInput
from openprospect.server.db.pool import Connection
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


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """What the caller named a request, and a hash of the request, which tells whether the name is used again for another."""

    text: str
    request_hash: bytes


def idempotency_key(request: Request[Any, Any, Any], body: bytes) -> IdempotencyKey | None:
    """The key that the caller sent; raises InvalidInput for one that cannot be kept."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not (0 < len(key) <= _MAX_LENGTH and key.isprintable()):
        raise InvalidInput(f"Idempotency-Key must have 1 to {_MAX_LENGTH} printable characters.", parameter="Idempotency-Key")
    return IdempotencyKey(key, hashlib.sha256(f"{request.method} {request.scope['path']}\0".encode() + body).digest())


async def kept_answers(
    db: Connection, organization_id: UUID, keys: Collection[IdempotencyKey]
) -> dict[IdempotencyKey, bytes | Conflict | InvalidInput]:
    """What those of the requests are answered for which nothing is to be done; the others' keys are held until commit."""
    if not keys:
        return {}
    texts = [key.text for key in keys]
    claimed = {row["key"] for row in await db.rows(SQL.claim_keys, organization_id, texts) if row["is_free"]}
    kept = {row["key"]: row for row in await db.rows(SQL.answers_kept, organization_id, texts)}
    answers: dict[IdempotencyKey, bytes | Conflict | InvalidInput] = {}
    for key in keys:
        if key.text not in claimed:
            answers[key] = under_way()
        elif key.text in kept:
            answers[key] = _repeated(key, kept[key.text])
    return answers


async def keep_answers(db: Connection, organization_id: UUID, answers: Mapping[IdempotencyKey, bytes]) -> None:
    """Remember answers, in the transaction of what they tell of."""
    if answers:
        hashes, bodies = [key.request_hash for key in answers], [body.decode() for body in answers.values()]
        await db.execute(SQL.keep_answers, organization_id, [key.text for key in answers], hashes, bodies)


def under_way() -> Conflict:
    return Conflict("A request with this Idempotency-Key is under way; wait for its answer, then ask again.")


def _repeated(key: IdempotencyKey, kept: Mapping[str, Any]) -> bytes | InvalidInput:
    if kept["request_hash"] != key.request_hash:
        return InvalidInput("This Idempotency-Key was used for another request; send a fresh one.", parameter="Idempotency-Key")
    body: str = kept["body"]
    return body.encode()
