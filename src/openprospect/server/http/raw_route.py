"""A fast path for the polled route: skips the framework's dependency injection and serialization. Routing, guards and OpenAPI stay."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp, Receive, Scope, Send

Headers = Sequence[tuple[bytes, bytes]]


class RawRoute(HTTPRouteHandler):
    """A route that is routed, described and turned away like any other, and answered by its guards and its function alone.

    The function takes the request and the parts of the path, by name, and gives an answer that is `RawResponse`.
    """

    def __init__(self, path: str, **options: Any) -> None:
        # The innermost middleware does not go on to what the framework would do next.
        super().__init__(path, middleware=[_answering], **options)


class RawResponse(ASGIResponse):
    """An answer that is sent as it is: a status, headers in their final form, and a body in bytes."""

    def __init__(self, body: bytes, *, status_code: int, headers: Headers) -> None:
        # Nothing of what the framework's own constructor prepares is looked at again.
        self.body = body
        self.status_code = status_code
        self._headers = [*headers, (b"content-length", b"%d" % len(body))] if status_code != 304 else headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # what ASGI hands over
        await send({"type": "http.response.start", "status": self.status_code, "headers": self._headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def _answering(app: ASGIApp) -> ASGIApp:  # noqa: ARG001  # what the framework hands over
    return _answer


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    route = cast("RawRoute", scope["route_handler"])
    request: Request[Any, Any, Any] = Request(scope, receive, send)
    for guard in route.resolve_guards():
        await cast("Awaitable[None]", guard(request, route))
    answer = cast("Callable[..., Awaitable[RawResponse]]", route.fn)
    await (await answer(request, **scope["path_params"]))(scope, receive, send)
