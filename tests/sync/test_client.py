"""The client library against a small server of the documented API."""

import gzip
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import openprospect
from openprospect.sync.client import Client
from openprospect.sync.errors import AnswerUnclear, FixNeeded, KeyRefused, RateLimited, RequestRefused, SearchGone, TryLater
from openprospect.sync.links import leads_by_time, next_url
from openprospect.sync.retry import Retry, asked_pause_seconds
from openprospect.sync.transport import Transport
from tests.sync.feed_server import KEY, Fault, Feed, FeedServer, company, person

SEARCH = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        server.feed(SEARCH)
        yield server


@pytest.fixture
def feed(server: FeedServer) -> Feed:
    return server.feed(SEARCH)


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def client(server: FeedServer, pauses: list[float]) -> Iterator[Client]:
    with patient(server, pauses) as client:
        yield client


def patient(server: FeedServer, pauses: list[float], *, jitter: float = 0.5, **settings: Any) -> Client:
    """A client that notes its pauses instead of making them."""
    retry = Retry(sleep=pauses.append, clock=lambda: sum(pauses), jitter=lambda: jitter)
    return Client(server.url, KEY, retry=retry, **settings)


def names(client: Client, **settings: Any) -> list[str]:
    return [found.name for found in client.companies(SEARCH, **settings)]


def test_the_public_names_load_on_demand() -> None:
    assert openprospect.Client is Client
    assert issubclass(openprospect.TryLater, openprospect.SyncError)
    with pytest.raises(AttributeError):
        openprospect.Nothing  # noqa: B018


def test_companies_come_typed_and_whole(client: Client, feed: Feed) -> None:
    feed.deliver(company(1, prospects=[person(1, 0, email=None, attributes={"phone": "1"})], attributes={"city": "Berlin"}))

    [found] = client.companies(SEARCH)

    assert (found.name, found.source_id, found.attributes) == ("Grand Hotel 1", "crm-1", {"city": "Berlin"})
    assert found.delivered_at == feed.watermark
    assert [(who.email, who.job_title, who.attributes) for who in found.prospects] == [(None, "General Manager", {"phone": "1"})]


def test_fields_that_are_not_documented_are_kept_as_attributes(client: Client, feed: Feed) -> None:
    feed.deliver(company(1, city="Berlin", attributes={"n": 1}, prospects=[person(1, 0, phone="1")]))

    [found] = client.companies(SEARCH)

    assert found.attributes == {"city": "Berlin", "n": 1}
    assert found.prospects[0].attributes == {"phone": "1"}


def test_links_are_followed_through_every_page(client: Client, feed: Feed, server: FeedServer) -> None:
    server.exports = False
    feed.deliver(*[company(n) for n in range(250)])

    assert len(names(client)) == 250
    assert [("after" in path, "offset" in path) for path in server.polls()] == [(False, False), (True, False), (True, False)]


def test_a_withdrawn_company_says_so(client: Client, feed: Feed) -> None:
    feed.deliver(company(1), company(2))
    before = feed.watermark
    feed.withdraw(company(1)["id"])

    [found] = client.companies(SEARCH, delivered_since=before)

    assert (found.prospects, found.removed_at, found.removal_reason) == ([], feed.watermark, "withdrawn")


def test_an_empty_poll_is_asked_for_by_its_tag_next_time(client: Client, feed: Feed, server: FeedServer) -> None:
    feed.deliver(company(1))
    since = feed.watermark

    watermarks = [page.watermark for _ in range(2) for page in client.pages(SEARCH, delivered_since=since)]

    assert watermarks == [since, since]
    assert ["If-None-Match" in headers for _, _, headers in server.requests] == [False, True]
    feed.deliver(company(2))
    assert names(client, delivered_since=since) == ["Grand Hotel 2"]


def test_a_receipt_is_put(client: Client, feed: Feed) -> None:
    feed.deliver(company(1))
    assert client.confirm(SEARCH, str(feed.watermark))
    assert feed.confirmed == [feed.watermark]


def test_a_server_without_receipts_is_no_error(client: Client, server: FeedServer) -> None:
    server.receipts = False
    assert not client.confirm(SEARCH, "2026-02-25T12:00:00.000001Z")


@pytest.mark.parametrize("fault", [Fault(status=503), Fault(status=500), Fault(cut=True)], ids=["503", "500", "cut"])
def test_a_server_in_trouble_is_asked_again(client: Client, feed: Feed, server: FeedServer, pauses: list[float], fault: Fault) -> None:
    feed.deliver(company(1))
    server.faults = [fault, fault]

    assert names(client) == ["Grand Hotel 1"]
    assert pauses == [0.375, 0.75]


def test_patience_with_a_failing_server_ends(client: Client, server: FeedServer, pauses: list[float]) -> None:
    server.faults = [Fault(status=503, body={"message": "Being upgraded."}) for _ in range(50)]

    with pytest.raises(TryLater, match="Being upgraded"):
        names(client)
    assert sum(pauses) <= 30


def test_a_server_that_hangs_is_given_up(server: FeedServer, pauses: list[float]) -> None:
    hang = threading.Event()
    server.faults = [Fault(hang=hang) for _ in range(50)]
    with patient(server, pauses, read_seconds=0.05) as client, pytest.raises(TryLater, match="timed out"):
        names(client)
    hang.set()


@pytest.mark.parametrize("jitter", [0.0, 0.99])
def test_jitter_comes_on_top_of_the_pause_that_a_server_asks_for(server: FeedServer, pauses: list[float], jitter: float) -> None:
    server.faults = [Fault(status=429, headers={"Retry-After": "20"})]
    with patient(server, pauses, jitter=jitter) as client:
        names(client)
    assert 20 <= pauses[0] < 22


def test_a_pause_longer_than_a_run_is_not_waited_for(client: Client, server: FeedServer, pauses: list[float]) -> None:
    server.faults = [Fault(status=429, headers={"Retry-After": "3600"}, body={"message": "Wait an hour."})]
    with pytest.raises(RateLimited, match="Wait an hour"):
        names(client)
    assert pauses == []


def test_a_pause_given_as_a_date_is_measured_by_the_server_s_clock() -> None:
    headers = {"Retry-After": "Wed, 25 Feb 2026 12:00:30 GMT", "Date": "Wed, 25 Feb 2026 12:00:00 GMT"}
    assert asked_pause_seconds(headers) == 30
    assert asked_pause_seconds({"Retry-After": "soon"}) is None


@pytest.mark.parametrize(
    ("status", "kind"), [(401, KeyRefused), (403, KeyRefused), (404, SearchGone), (422, RequestRefused), (418, AnswerUnclear)]
)
def test_what_needs_a_person_is_not_tried_again(
    client: Client, server: FeedServer, pauses: list[float], status: int, kind: type[FixNeeded]
) -> None:
    server.faults = [Fault(status=status, body={"code": "X", "message": "Do this.", "request_id": "req-7"})]

    with pytest.raises(kind, match=r"Do this\. \(request req-7\)") as caught:
        names(client)
    assert (pauses, caught.value.request_id, caught.value.exit_code) == ([], "req-7", 2)


def test_a_redirect_to_another_host_is_not_followed(client: Client, server: FeedServer) -> None:
    with FeedServer() as other:
        server.faults = [Fault(status=307, headers={"Location": f"{other.url}/api/v1/deliveries/{SEARCH}/companies"})]
        with pytest.raises(AnswerUnclear, match="make it the base URL"):
            names(client)
        assert other.requests == []


def test_a_redirect_within_the_host_is_followed(client: Client, feed: Feed, server: FeedServer) -> None:
    feed.deliver(company(1))
    server.faults = [Fault(status=307, headers={"Location": f"/api/v1/deliveries/{SEARCH}/companies?limit=100"})]
    assert names(client) == ["Grand Hotel 1"]


def test_a_link_to_another_host_never_carries_the_key_there(client: Client, feed: Feed, server: FeedServer) -> None:
    feed.deliver(*[company(n) for n in range(150)])
    with FeedServer() as other:
        server.link_base = other.url
        assert len(names(client)) == 150
        assert other.requests == []


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('</p/feed?after=1>; rel="next"', "https://h/p/feed?after=1"),
        ('</p/feed?after=1>; rel="next", </p/export>; rel="alternate"; type="application/x-ndjson"', "https://h/p/feed?after=1"),
        ('<https://inner:8400/feed?after=1>; rel="next"', "https://h/p/feed?after=1"),
        ('<?after=1&x=a,b;c>; title="x, y; rel=prev"; rel=next', "https://h/p/feed?after=1&x=a,b;c"),
        ('</p/feed?a=1>; rel="first", </p/feed?a=2>; rel="last next"', "https://h/p/feed?a=2"),
        ('</p/feed?a=1>; rel="prev"', None),
        ("", None),
    ],
)
def test_the_next_page_is_the_feed_s_own_url_with_the_query_of_the_link(header: str, expected: str | None) -> None:
    assert next_url(header, feed_url="https://h/p/feed", endpoint="/feed") == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('</p/feed?after=2026-01-01T00%3A00%3A00Z&limit=2>; rel="next"', True),
        ('</p/feed?limit=2&offset=2>; rel="next"', False),
        ('</p/feed?after=1>; rel="prev", </p/feed?page=2>; rel="next"', False),
        ("", False),
    ],
)
def test_only_a_link_that_goes_on_after_a_time_is_safe_from_what_moves_meanwhile(header: str, expected: bool) -> None:
    assert leads_by_time(header) is expected


def test_a_link_to_something_else_is_refused() -> None:
    with pytest.raises(AnswerUnclear, match="leads elsewhere"):
        next_url('<https://evil.example/steal?x=1>; rel="next"', feed_url="https://h/feed", endpoint="/feed")


@pytest.mark.parametrize("url", ["ftp://h", "h:8400", "", "https://user:s3cret@h", "https://h?x=1"])
def test_a_base_url_that_is_none_is_refused_without_repeating_a_password(url: str) -> None:
    with pytest.raises(FixNeeded, match="base URL") as caught:
        Client(url, KEY)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "a b", "a\nb", "ключ"])
def test_a_key_that_is_none_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(FixNeeded, match="OPENPROSPECT_API_KEY"):
        Client("https://h", key)


def test_the_key_is_in_no_representation(server: FeedServer) -> None:
    assert KEY not in repr(Client(server.url, KEY))


def test_an_answer_that_is_no_feed_asks_about_the_base_url(client: Client, server: FeedServer) -> None:
    server.faults = [Fault(status=200, body={"hello": "world"})]
    with pytest.raises(AnswerUnclear, match="base URL"):
        names(client)


def test_compressed_answers_are_read(server: FeedServer, pauses: list[float], feed: Feed) -> None:
    feed.deliver(company(1))
    page = server.page

    def compressed(*arguments: Any) -> tuple[bytes, dict[str, str]]:
        body, headers = page(*arguments)
        return gzip.compress(body), {**headers, "Content-Encoding": "gzip"}

    server.page = compressed  # type: ignore[method-assign, assignment]
    with patient(server, pauses) as client:
        assert names(client) == ["Grand Hotel 1"]


def test_compression_is_asked_for_on_a_network_only() -> None:
    far, near = (Transport(url, KEY, connect_seconds=1, read_seconds=1, retry=Retry()) for url in ("https://h", "http://127.0.0.1:1"))
    assert far._headers["Accept-Encoding"].endswith("gzip")
    assert near._headers["Accept-Encoding"] == "identity"
