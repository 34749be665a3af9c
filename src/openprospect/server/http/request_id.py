"""Every answer carries an id that the log carries too: the caller's own where it sent a decent one."""

import re
from typing import Any, cast

from litestar import Request
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from openprospect.server.core.ids import new_id

_ACCEPTABLE = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_KEY = "openprospect_request_id"


def request_id_of(request: Request[Any, Any, Any]) -> str:
    """The id that this request came with, or was given."""
    request_id: str = cast("dict[str, Any]", request.scope).get(_KEY, "")
    return request_id


class RequestId:
    """ASGI middleware around the whole application, so that no answer escapes it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        request_id = next((value for name, value in scope["headers"] if name == b"x-request-id" and _ACCEPTABLE.fullmatch(value)), None)
        request_id = request_id or str(new_id()).encode()
        scope[_KEY] = request_id.decode()  # type: ignore[literal-required]  # a scope is open to keys of the application's own

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            await send(message)

        await self._app(scope, receive, send_with_id)
