"""Whose key a request came with, for the log's line of it. Known as soon as the key is looked up, also where it is then refused."""

from typing import Any, cast
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.types import Scope

Identity = dict[str, UUID]

_KEY = "openprospect_identity"


def identity(connection: ASGIConnection[Any, Any, Any, Any]) -> Identity:
    """What is known of the caller so far, as `key_id` and `organization_id`: to be added to."""
    return identity_in(connection.scope)


def identity_in(scope: Scope) -> Identity:
    known: Identity = cast("dict[str, Any]", scope).setdefault(_KEY, {})
    return known
