"""What every CRM test has: a feed to sync from."""

from collections.abc import Iterator

import pytest

from tests.sync.feed_server import FeedServer


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server
