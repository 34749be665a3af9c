"""Databases that live as long as a block: for tests that need another one than the fixtures give, or keep one longer."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from tests.conftest import ADMINISTRATOR, OWNER, as_role, create_database

EMPTY = "template0"


@asynccontextmanager
async def cloned(postgres: str, template: str, *, owner: str = OWNER) -> AsyncIterator[str]:
    """The URL of a fresh copy of a database, for its owner; dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(postgres)
    try:
        yield await create_database(postgres, name, template=template, owner=owner)
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()


@asynccontextmanager
async def seeing_all(dsn: str) -> AsyncIterator[None]:
    """The databases' owner may see what others do, as the reference of the metrics has it granted."""
    connection = await asyncpg.connect(as_role(dsn, ADMINISTRATOR))
    await connection.execute(f"GRANT pg_read_all_stats TO {OWNER}")
    try:
        yield
    finally:
        await connection.execute(f"REVOKE pg_read_all_stats FROM {OWNER}")
        await connection.close()
