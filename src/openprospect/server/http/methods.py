"""HEAD and OPTIONS, which every route answers from the methods that it declares."""

from collections.abc import Iterable, MutableMapping
from typing import Any, cast

from litestar import Request
from litestar.enums import ScopeType
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_IS_HEAD = "openprospect_is_head"


class Methods:
    """ASGI middleware: HEAD is GET without the body, and OPTIONS tells what a path can do."""

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._allowed = {route.path_format: allow(route.methods) for route in routes if isinstance(route, HTTPRoute)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["method"] == "HEAD":
            await self._app(cast("Scope", {**scope, "method": "GET", _IS_HEAD: True}), receive, _without_body(send))
        elif scope["type"] == ScopeType.HTTP and scope["method"] == "OPTIONS":
            await self._app(scope, receive, self._telling_methods(cast("dict[str, Any]", scope), send))
        else:
            await self._app(scope, receive, send)

    def _telling_methods(self, scope: MutableMapping[str, Any], send: Send) -> Send:
        # The framework's own answer names only the methods of the handler that was registered first.
        async def send_methods(message: Message) -> None:
            if message["type"] == "http.response.start" and (methods := self._allowed.get(scope.get("path_template", ""))):
                others = [header for header in message["headers"] if header[0] != b"allow"]
                message["headers"] = [*others, (b"allow", methods.encode())]
            await send(message)

        return send_methods


def is_head(request: Request[Any, Any, Any]) -> bool:
    """Whether the caller will see no body: what GET would count as served was not."""
    return _IS_HEAD in cast("dict[str, Any]", request.scope)


def allow(methods: Iterable[str]) -> str:
    """The value of an `Allow` header; HEAD stands where GET does."""
    found = set(methods)
    return ", ".join(sorted(found | {"HEAD"} if "GET" in found else found))


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message["body"] = b""
        await send(message)

    return send_head
