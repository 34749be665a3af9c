"""The guard: a route names the scopes that it requires, and nobody without them comes in."""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from openprospect.server.access.credential import Credential, secret_hash_of, secret_of
from openprospect.server.access.model import Caller, Scope
from openprospect.server.http.address import address_of
from openprospect.server.http.answer_headers import answer_headers
from openprospect.server.http.identity import identity

CallersRequest = Request[None, Caller, State]
"""A request that passed a guard: `request.auth` is the caller."""

CredentialRequest = Request[None, Credential, State]
"""A request that passed a guard which leaves the look-up to the route's own statement: `request.auth` is nobody yet."""


class Requires:
    """A guard for routes: an active key that holds all of these scopes."""

    def __init__(self, *scopes: Scope) -> None:
        self.scopes = scopes

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, State], _handler: BaseRouteHandler) -> None:
        connection.scope["auth"] = await self.credential(connection).caller(connection.app.state.database)

    def credential(self, connection: ASGIConnection[Any, Any, Any, State]) -> Credential:
        """What the request shows. Raises Unauthenticated where that cannot be a key, TooManyRequests where it need not be looked up."""
        credential = Credential(
            secret_hash=secret_hash_of(secret_of(connection.headers.get("authorization"))),
            scopes=self.scopes,
            address=address_of(connection),
            admission=connection.app.state.admission,
            answer_headers=answer_headers(connection),
            identity=identity(connection),
        )
        credential.refuse_at_once()
        return credential


class RequiresInStatement(Requires):
    """The same, where the statement that reads looks the key up beside the rows: one round trip less.

    The route has no caller until it hands what it read to `request.auth.admit`.
    """

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, State], _handler: BaseRouteHandler) -> None:
        connection.scope["auth"] = self.credential(connection)
