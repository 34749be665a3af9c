"""For the route that everybody polls: what the framework does for every route in general, and this one does not need, is left out."""

from collections.abc import Sequence
from typing import Any

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

Headers = Sequence[tuple[bytes, bytes]]


class QuickRoute(HTTPRouteHandler):
    """A route whose guards are shown the handler itself: the framework copies it for each of them, on each request."""

    async def authorize_connection(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        for guard in self.resolve_guards():
            await guard(connection, self)  # type: ignore[misc]  # the framework makes every guard awaitable


class Ready(Response[bytes]):
    """An answer as it goes out: a status, headers in their final form, and a body that nobody encodes any more."""

    def __init__(self, body: bytes, *, status_code: int, headers: Headers) -> None:
        # Nothing of what the framework's own constructor prepares is looked at again.
        self._asgi = _Answer(body, status_code=status_code, headers=headers)

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        return self._asgi


class _Answer(ASGIResponse):
    def __init__(self, body: bytes, *, status_code: int, headers: Headers) -> None:
        self.body = body
        self.status_code = status_code
        self._headers = [*headers, (b"content-length", b"%d" % len(body))] if status_code != 304 else headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # what ASGI hands over
        await send({"type": "http.response.start", "status": self.status_code, "headers": self._headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})
