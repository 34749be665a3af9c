"""Where a request comes from, and where it thinks that it went: as the socket says, or a proxy that is believed."""

import re
from typing import Any
from urllib.parse import quote

from litestar.connection import ASGIConnection

from openprospect.server.core.errors import InvalidInput

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The client's address; empty where it has none, as over a Unix socket."""
    client = connection.scope["client"]
    return client[0] if client else ""


def service_url(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The service's address as the caller reached it, without a slash at its end. Raises InvalidInput for a host that is none."""
    scope = connection.scope
    server = scope["server"] or ("localhost", None)
    host = connection.headers.get("host") or server[0]
    if not _HOST.fullmatch(host):
        raise InvalidInput("The Host header names no host; leave it to your HTTP client.", parameter="Host")
    return f"{scope['scheme']}://{host}{quote(scope['root_path'])}".rstrip("/")
