"""Connecting, for a pool or alone. Several hosts in one URL have their own time to answer each: one without power does not keep the others
from being asked.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

import asyncpg

from openprospect.server.core.errors import Misconfigured
from openprospect.server.db import faults

_SECONDS = 3.0


class LoneConnection(asyncpg.Connection):
    """One outside of any pool."""

    @property
    def is_encrypted(self) -> bool:
        # Not by `pg_stat_ssl`: behind a pooler that tells of the pooler's own connection.
        transport: asyncio.Transport = self._transport  # type: ignore[attr-defined]  # not declared by the driver's types
        return transport.get_extra_info("ssl_object") is not None


@asynccontextmanager
async def alone(dsn: str) -> AsyncIterator[LoneConnection]:
    """A connection for what changes the schema or looks at the server.

    Raises Unavailable or Misconfigured where there is none to be had.
    """
    with faults.told():
        connection = await connect(dsn, timeout=30, connection_class=LoneConnection)
    try:
        yield connection
    finally:
        await connection.close()


async def connect(*arguments: Any, **options: Any) -> Any:
    """A connection to the first host that takes us, as its `target_session_attrs` asks; where there is one host, what the driver does."""
    [dsn] = arguments
    *others, last = each_host(dsn)
    for host in others:
        try:
            return await asyncpg.connect(host, **options | {"timeout": _SECONDS})
        except (OSError, asyncpg.PostgresError, asyncpg.InternalClientError):  # a TimeoutError is an OSError
            continue
    return await asyncpg.connect(last, **options)


def check_url(url: str, *, name: str) -> None:
    """Raises Misconfigured where a setting is no URL of a PostgreSQL. Whoever read on would quote the password, taken for a port."""
    if not url.startswith(("postgresql://", "postgres://")):
        raise Misconfigured(f"{name} must begin with postgresql://, as in postgresql://user:password@host/database.")
    try:
        ports = [urlsplit(host).port for host in each_host(url)]
    except ValueError:
        ports = None
    if ports is None or _is_cut_short(urlsplit(url)):
        raise Misconfigured(
            f"{name} cannot be read: write /, ?, #, [ and @ in the password as %2F, %3F, %23, %5B and %40, and the port as a number."
        )


def _is_cut_short(parts: SplitResult) -> bool:
    """Whether user and password end earlier than whoever wrote them meant: by a mark that ends another part of the URL."""
    beyond = f"{parts.path}{parts.query.partition('=')[0]}"
    return parts.netloc.count("@") > 1 or "@" in beyond or bool(parts.fragment)


def each_host(dsn: str) -> list[str]:
    """The same URL with one host at a time."""
    parts = urlsplit(dsn)
    credentials, at, hosts = parts.netloc.rpartition("@")
    if "," not in hosts:
        return [dsn]
    return [urlunsplit(parts._replace(netloc=f"{credentials}{at}{host}")) for host in hosts.split(",")]
