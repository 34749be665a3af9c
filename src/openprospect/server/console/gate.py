"""The gate before every page: a session for all, and for what changes something a form of our own."""

import hmac
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import FormMultiDict, State
from litestar.handlers import BaseRouteHandler

from openprospect.server.access.admission import Admission
from openprospect.server.console.model import Operator
from openprospect.server.console.session import operator_of
from openprospect.server.core.errors import Forbidden, InvalidInput, Unauthenticated
from openprospect.server.db.pool import Database
from openprospect.server.http.identity import identity

COOKIE = "openprospect_session"

OperatorsRequest = Request[None, Operator, State]
"""A request that passed the gate: `request.auth` is the operator."""


async def signed_in(connection: ASGIConnection[Any, Any, Any, State], _handler: BaseRouteHandler) -> None:
    """A guard: somebody is signed in, and the request comes from a page of this service."""
    own_origin(connection, _handler)
    database: Database = connection.app.state.database
    operator = await operator_of(database, connection.cookies.get(COOKIE))
    if operator is None:
        raise Unauthenticated("Sign in first.")
    admission: Admission = connection.app.state.admission
    admission.uses.note(operator.key_id)
    identity(connection).update(key_id=operator.key_id, organization_id=operator.organization_id)
    connection.scope["auth"] = operator


def own_origin(connection: ASGIConnection[Any, Any, Any, State], _handler: BaseRouteHandler) -> None:
    """A guard: nothing is posted from another site. Browsers name the origin of every POST; what names none is no browser."""
    origin = connection.headers.get("origin")
    if origin is not None and connection.scope.get("method") != "GET" and urlsplit(origin).netloc != connection.headers.get("host"):
        raise Forbidden(
            "This form was sent from another site. If it was not, the proxy in front of this service must pass the Host header through."
        )


async def checked_form(request: OperatorsRequest) -> FormMultiDict:
    """The form of a POST; raises Forbidden where it does not carry this session's token. Every route that changes something begins here."""
    form = await request.form()
    if not hmac.compare_digest(text(form, "csrf").encode(), request.auth.csrf.encode()):
        raise Forbidden("This form is of another session; reload the page and try again.")
    return form


def text(form: FormMultiDict, name: str) -> str:
    """A field's text without blanks around it; empty where there is none. Raises InvalidInput for what no database can hold."""
    value = form.get(name)
    if not isinstance(value, str):
        return ""
    if "\0" in value:
        raise InvalidInput(f"{name} contains NUL characters; leave them out.")
    return value.strip()
