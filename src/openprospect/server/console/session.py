"""Signing in and out: a key is shown once, and a cookie that means nothing elsewhere stands for it afterwards."""

import hashlib
import re
import secrets
from datetime import timedelta

from openprospect.server.access.credential import known_caller
from openprospect.server.access.limits.bad_keys import BadKeyLimiter
from openprospect.server.access.model import Scope
from openprospect.server.console import store
from openprospect.server.console.model import Operator
from openprospect.server.core.errors import Forbidden
from openprospect.server.db import history
from openprospect.server.db.pool import Database

LIFETIME = timedelta(hours=12)

_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")


async def sign_in(database: Database, key: str, *, bad_keys: BadKeyLimiter, address: str) -> str:
    """The cookie's value; raises Unauthenticated for a key that does not work, Forbidden for one without the scope, TooManyRequests."""
    caller = await known_caller(database, key.strip(), bad_keys=bad_keys, address=address)
    if Scope.CONSOLE not in caller.scopes:
        raise Forbidden(f"This key may not use the console. Make one that may: openprospect keys create NAME --scope {Scope.CONSOLE}")
    token = secrets.token_urlsafe(32)
    async with database.transaction() as db:
        await store.open_session(db, _hash(token), caller.key_id, lifetime=LIFETIME)
        await history.record(db, caller.organization_id, actor=caller.actor, action="console opened")
    return token


async def operator_of(database: Database, token: str | None) -> Operator | None:
    """Who is signed in with this cookie; nobody, once the session has ended or its key no longer works."""
    if token is None or not _SHAPE.fullmatch(token):
        return None
    return await store.operator(database, token, _hash(token))


async def sign_out(database: Database, operator: Operator) -> None:
    await store.end_session(database, _hash(operator.token))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
