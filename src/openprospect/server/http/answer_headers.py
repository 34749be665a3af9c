"""Headers that guards add before there is an answer, such as the rate limit's; a middleware puts them on any answer, errors too."""

from typing import Any, cast

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]

_KEY = "openprospect_answer_headers"


def answer_headers(connection: ASGIConnection[Any, Any, Any, Any]) -> Headers:
    """The headers that the answer to this request will have besides its own: a list to add to."""
    headers: Headers = cast("dict[str, Any]", connection.scope).setdefault(_KEY, [])
    return headers


class AnswerHeaders:
    """ASGI middleware, which adds them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and (found := scope.get(_KEY)):
                message["headers"] = [*message["headers"], *cast("Headers", found)]
            await send(message)

        await self._app(scope, receive, send_with_headers)
