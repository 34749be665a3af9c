"""Databases that live as long as a block: for tests that need another one than the fixtures give, or keep one longer."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from tests.conftest import OWNER, create_database

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
