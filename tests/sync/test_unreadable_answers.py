"""Answers that no service of ours would give: what they are as errors, so that a schedule outlives them."""

import pytest

from openprospect.sync.client import Client
from openprospect.sync.errors import AnswerUnclear, TryLater
from openprospect.sync.links import next_url
from openprospect.sync.wire import Failure, decode_failure, decode_lines, decode_page
from tests.sync.contract import SEARCH
from tests.sync.feed_server import KEY, Fault, FeedServer


@pytest.mark.parametrize("body", [b'{"items": [{"id": "a", "name": "\xff\xfe"}]}', b'{"attributes":{"x":' + b"[" * 100_000, b'{"items":'])
def test_bytes_that_are_no_json_are_an_error_that_a_later_run_may_mend(body: bytes) -> None:
    with pytest.raises(TryLater, match="not JSON"):
        decode_page(body)
    with pytest.raises(TryLater, match="not JSON"):
        decode_lines(body)
    assert decode_failure(body) == Failure()


@pytest.mark.parametrize("location", ["http://[::1", "//h:99999/x"])
def test_a_redirect_to_what_is_no_address_says_so(location: str) -> None:
    with FeedServer() as server, Client(server.url, KEY) as client:
        server.faults = [Fault(status=302, headers={"Location": location})]
        with pytest.raises(AnswerUnclear, match="no address"):
            list(client.pages(SEARCH))


@pytest.mark.parametrize("target", ["http://[::1", "//h:99999/feed"])
def test_a_link_to_what_is_no_address_says_so(target: str) -> None:
    with pytest.raises(AnswerUnclear, match="no address"):
        next_url(f'<{target}>; rel="next"', feed_url="https://h/feed", endpoint="/feed")
