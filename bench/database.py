"""The embedded PostgreSQL of a suite: its databases, and its server's process."""

from urllib.parse import parse_qs, urlsplit

import asyncpg

from bench.processes import parent_of


def sibling(dsn: str, name: str) -> str:
    """The URL of another database of the same server."""
    return urlsplit(dsn)._replace(path=f"/{name}").geturl()


def libpq_environment(dsn: str) -> dict[str, str]:
    """What PostgreSQL's own programs, and drivers like them, want to know."""
    parts = urlsplit(dsn)
    query = parse_qs(parts.query)
    return {
        "PGHOST": parts.hostname or query["host"][0],
        "PGPORT": str(parts.port or query["port"][0]),
        "PGUSER": parts.username or "",
        "PGDATABASE": parts.path[1:],
    }


async def server_pid(dsn: str) -> int:
    """The process above all of the server's others."""
    connection = await asyncpg.connect(dsn)
    try:
        return parent_of(await connection.fetchval("SELECT pg_backend_pid()"))
    finally:
        await connection.close()
