"""Where a request comes from: as the socket says, or a proxy that is believed."""

from typing import Any

from litestar.connection import ASGIConnection


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The client's address; empty where it has none, as over a Unix socket."""
    client = connection.scope["client"]
    return client[0] if client else ""
