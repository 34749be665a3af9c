"""Several hosts in one URL: each has its own time to answer, so that one without power does not keep the others from being asked."""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

_SECONDS = 3.0


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


def each_host(dsn: str) -> list[str]:
    """The same URL with one host at a time."""
    parts = urlsplit(dsn)
    credentials, at, hosts = parts.netloc.rpartition("@")
    if "," not in hosts:
        return [dsn]
    return [urlunsplit(parts._replace(netloc=f"{credentials}{at}{host}")) for host in hosts.split(",")]
