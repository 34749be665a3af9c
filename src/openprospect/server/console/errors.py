"""Errors as pages: what went wrong and what to do about it. Whoever is not signed in is shown where to."""

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from openprospect.server.console.page import ROOT, page, see
from openprospect.server.core.errors import OpenProspectError, Unauthenticated
from openprospect.server.http.errors import status_of


def _known(request: Request[Any, Any, Any], error: OpenProspectError) -> Response[Any]:
    return page(request, "problem.html", status=status_of(error), message=error.message)


def _not_signed_in(request: Request[Any, Any, Any], _error: Unauthenticated) -> Response[Any]:
    if request.headers.get("hx-request"):
        # A part of a page cannot show the sign-in: the browser goes there as a whole. A 401 would only make noise in its log.
        return Response("", headers={"HX-Redirect": f"{ROOT}/sign-in"})
    return see("/sign-in")


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    messages = {
        404: "There is no such page.",
        405: "This page does not take that.",
        413: "This is larger than 64 MiB; deliver it by command.",
    }
    message = messages.get(error.status_code, "This cannot be answered.")
    return page(request, "problem.html", status=error.status_code, message=message)


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    Unauthenticated: _not_signed_in,
    OpenProspectError: _known,
    HTTPException: _http,
}
