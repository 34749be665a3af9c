"""A database for all the tests of a module: they leave nothing behind that another would see."""

from collections.abc import AsyncIterator

import pytest

from tests.databases import cloned
from tests.integration.conftest import client, search_id, service

__all__ = ["client", "search_id", "service"]


@pytest.fixture(scope="module")
async def module_dsn(postgres: str, template: str) -> AsyncIterator[str]:
    async with cloned(postgres, template) as dsn:
        yield dsn
