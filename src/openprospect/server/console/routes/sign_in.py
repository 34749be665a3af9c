"""Pages: in and out."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie, State
from litestar.di import NamedDependency

from openprospect.server.console.gate import COOKIE, OperatorsRequest, checked_form, text
from openprospect.server.console.page import ROOT, page, see
from openprospect.server.console.session import LIFETIME, sign_in, sign_out
from openprospect.server.core.errors import Forbidden, Unauthenticated
from openprospect.server.db.pool import Database
from openprospect.server.http.address import address_of

# Anybody may send it.
_FORM_BYTES = 4096


@get("/sign-in")
async def sign_in_page(request: Request[Any, Any, State]) -> Response[str]:
    """Asks for a key."""
    return page(request, "sign_in.html", problem=None)


@post("/sign-in", status_code=303, request_max_body_size=_FORM_BYTES)
async def sign_in_form(request: Request[Any, Any, State], database: NamedDependency[Database]) -> Response[Any]:
    """A key for a cookie."""
    try:
        token = await sign_in(
            database,
            text(await request.form(), "key"),
            bad_keys=request.app.state.admission.bad_keys,
            address=address_of(request),
        )
    except (Unauthenticated, Forbidden) as error:
        return page(request, "sign_in.html", status=403, problem=error.message)
    answer = see("")
    answer.set_cookie(_cookie(request, token, max_age=int(LIFETIME.total_seconds())))
    return answer


@post("/sign-out", status_code=303)
async def sign_out_form(request: OperatorsRequest, database: NamedDependency[Database]) -> Response[Any]:
    """The session ends here and in the database."""
    await checked_form(request)
    await sign_out(database, request.auth)
    answer = see("/sign-in")
    answer.set_cookie(_cookie(request, "", max_age=0))
    return answer


def _cookie(request: Request[Any, Any, State], value: str, *, max_age: int) -> Cookie:
    return Cookie(
        key=COOKIE, value=value, path=ROOT, max_age=max_age, httponly=True, samesite="strict", secure=request.scope["scheme"] == "https"
    )
