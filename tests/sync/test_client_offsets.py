"""The client library where the server sends no links: offsets are counted, and a walk that the server ends begins anew."""

from collections.abc import Iterator

import pytest

from openprospect.sync.client import Client
from openprospect.sync.errors import TryLater
from tests.sync.feed_server import Fault, FeedServer, company
from tests.sync.test_client import SEARCH, patient


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        server.links = False
        server.feed(SEARCH).deliver(*[company(n) for n in range(250)])
        yield server


@pytest.fixture
def client(server: FeedServer) -> Iterator[Client]:
    with patient(server, []) as client:
        yield client


def test_without_links_offsets_are_counted(client: Client, server: FeedServer) -> None:
    assert len({found.id for found in client.companies(SEARCH)}) == 250
    assert [path.partition("offset=")[2] for path in server.polls()] == ["", "100", "200"]


def test_a_walk_that_the_server_forgot_begins_anew(client: Client, server: FeedServer) -> None:
    server.on_page = lambda page: server.faults.append(Fault(status=410, body={"code": "WALK_EXPIRED"})) if page == 2 else None

    pages = list(client.pages(SEARCH))

    assert [page.companies[0].name for page in pages] == [f"Grand Hotel {n}" for n in (0, 100, 0, 100, 200)]
    assert len({found.id for page in pages for found in page.companies}) == 250


def test_a_walk_that_the_server_ends_again_and_again_is_given_up_with_its_reason(client: Client, server: FeedServer) -> None:
    contested = {"code": "WALK_CONTESTED", "message": "Another run stands at the same page."}
    server.on_page = lambda page: server.faults.append(Fault(status=410, body=contested)) if page % 2 else None

    with pytest.raises(TryLater, match=r"ended the walk through \S+ 6 times\. Another run stands at the same page\."):
        list(client.pages(SEARCH))
