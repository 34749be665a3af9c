"""The guard: a route names the scopes that it requires, and nobody without them comes in."""

from datetime import UTC, datetime
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from openprospect.server.access import store
from openprospect.server.access.model import Caller, KeyId, Scope
from openprospect.server.access.secret import hash_of, is_well_formed
from openprospect.server.core.errors import Forbidden, Unauthenticated
from openprospect.server.db.pool import Database

CallersRequest = Request[None, Caller, State]
"""A request that passed a guard: `request.auth` is the caller."""


class Requires:
    """A guard for routes: an active key that holds all of these scopes."""

    def __init__(self, *scopes: Scope) -> None:
        self.scopes = scopes

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, State], _handler: BaseRouteHandler) -> None:
        database: Database = connection.app.state.database
        caller = await _caller(database, connection.headers.get("authorization"))
        uses: KeyUses = connection.app.state.key_uses
        uses.note(caller.key_id)
        missing = [scope for scope in self.scopes if scope not in caller.scopes]
        if missing:
            raise Forbidden(
                f"This key lacks {' and '.join(missing)}; ask for a key that has it.",
                required_scopes=list(self.scopes),
                user_scopes=sorted(caller.scopes),
            )
        connection.scope["auth"] = caller


class KeyUses:
    """When each key was last used, gathered here and written now and then: a request should not wait for it."""

    def __init__(self) -> None:
        self._used: dict[KeyId, datetime] = {}

    def note(self, key_id: KeyId) -> None:
        self._used[key_id] = datetime.now(UTC)

    async def flush(self, database: Database) -> None:
        """Write what has gathered. What cannot be written stays for the next time."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            await store.touch_keys(database, used)
        except BaseException:
            self._used = used | self._used
            raise


async def _caller(database: Database, authorization: str | None) -> Caller:
    if not authorization:
        raise Unauthenticated("A key is needed: send the header `Authorization: Bearer opk_…`.")
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated("The Authorization header should read `Bearer`, a blank, and the key.")
    return await known_caller(database, secret.strip())


async def known_caller(database: Database, secret: str) -> Caller:
    """Whom a key stands for; raises Unauthenticated where it is none, or does not work any more."""
    if not is_well_formed(secret):
        raise Unauthenticated("This is not a whole key; copy it again, all of it.")
    found = await store.caller(database, hash_of(secret))
    if found is None:
        raise Unauthenticated("This key is not known here; check which service it is for.")
    caller, ended = found
    if ended is not None:
        raise Unauthenticated(
            f"This key has been {ended}; ask for a new one." if ended == "revoked" else "This key has expired; ask for a new one."
        )
    return caller
