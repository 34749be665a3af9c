"""Errors on the wire: one flat shape, and the only table of statuses."""

import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from openprospect.server.core.errors import (
    Conflict,
    EncodedBody,
    Forbidden,
    Gone,
    InvalidInput,
    Misconfigured,
    NotAcceptable,
    NotFound,
    OpenProspectError,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from openprospect.server.http.methods import allow
from openprospect.server.http.request_id import request_id_of

logger = logging.getLogger(__name__)


class Problem(msgspec.Struct, kw_only=True):
    """What went wrong, and what to do about it."""

    code: str
    message: str
    details: dict[str, Any]
    request_id: str


STATUS: Mapping[type[OpenProspectError], int] = {
    InvalidInput: 422,
    NotFound: 404,
    Conflict: 409,
    Gone: 410,
    Unauthenticated: 401,
    Forbidden: 403,
    NotAcceptable: 406,
    EncodedBody: 415,
    TooManyRequests: 429,
    Unavailable: 503,
    Misconfigured: 503,
}

_HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    503: {"Retry-After": "5"},
}

# Errors that the framework raises by itself, before any of our code.
_OF_THE_FRAMEWORK: Mapping[int, tuple[int, str, str]] = {
    400: (422, "VALIDATION_ERROR", "The request cannot be read as this endpoint expects; /docs shows its shape."),
    404: (404, "NOT_FOUND", "There is no such endpoint; /docs lists those there are."),
    405: (405, "METHOD_NOT_ALLOWED", "This endpoint does not know this method; /docs lists those it knows."),
    413: (413, "PAYLOAD_TOO_LARGE", "The body is larger than 64 MiB; send fewer companies at a time."),
    415: (415, "UNSUPPORTED_MEDIA_TYPE", "Send JSON as application/json, or one company a line as application/x-ndjson."),
}


def status_of(error: OpenProspectError) -> int:
    """The HTTP status of an error: that of its nearest kind in the table."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def _known(request: Request[Any, Any, Any], error: OpenProspectError) -> Response[Problem]:
    headers = {"Retry-After": str(error.retry_after_seconds)} if isinstance(error, TooManyRequests) else None
    return _response(request, status_of(error), error.code, error.message, error.details, headers=headers)


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    status, code, message = _OF_THE_FRAMEWORK.get(error.status_code, (error.status_code, "HTTP_ERROR", "The request cannot be answered."))
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if "allow" in headers:
        headers["allow"] = allow(headers["allow"].split(", "))
    return _response(request, status, code, message, {}, headers=headers)


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    # The traceback's last line may quote a value of the caller's: the log gets the places alone.
    logger.error("unexpected %s in request %s", type(error).__name__, request_id_of(request), exc_info=_without_message(error))
    message = "Internal error. Retry; if it persists, report this request_id to whoever runs the service."
    return _response(request, 500, "INTERNAL_ERROR", message, {})


def _without_message(error: Exception) -> Exception:
    return Exception(type(error).__name__).with_traceback(error.__traceback__)


def _response(
    request: Request[Any, Any, Any],
    status: int,
    code: str,
    message: str,
    details: Mapping[str, Any],
    *,
    headers: Mapping[str, str] | None = None,
) -> Response[Problem]:
    problem = Problem(code=code, message=message, details=dict(details), request_id=request_id_of(request))
    return Response(problem, status_code=status, media_type=MediaType.JSON, headers={**(headers or {}), **_HEADERS.get(status, {})})


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    OpenProspectError: _known,
    HTTPException: _http,
    Exception: _unexpected,
}
