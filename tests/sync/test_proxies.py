"""The way to a server through a proxy, which the environment names."""

import json
import logging
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from openprospect.sync.client import Client
from openprospect.sync.errors import FixNeeded
from tests.sync.feed_server import KEY, company

SEARCH = "11111111-1111-4111-8111-111111111111"


class Proxy(ThreadingHTTPServer):
    """Lets those in who say the right user and password, and answers as the server behind it would."""

    daemon_threads = True
    allowed = "ada:s3cret"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.place = f"127.0.0.1:{self.server_port}"
        self.asked: list[str] = []

    def __enter__(self) -> "Proxy":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Proxy

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        is_allowed = self.headers.get("Proxy-Authorization") == f"Basic {b64encode(self.server.allowed.encode()).decode()}"
        self._answer(200 if is_allowed else 407, {"items": [company(1)], "has_more": False})

    def do_CONNECT(self) -> None:
        self.server.asked.append(self.path)
        self._answer(407, {})

    def _answer(self, status: int, body: object) -> None:
        written = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with Proxy() as proxy:
        yield proxy


def names(base_url: str) -> list[str]:
    with Client(base_url, KEY) as client:
        return [found.name for found in client.companies(SEARCH)]


@pytest.mark.parametrize("address", ["http://ada:s3cret@{}", "ada:s3cret@{}", "http://ada:%733cret@{}/"])
def test_a_proxy_is_told_the_user_and_password_in_its_address(proxy: Proxy, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("http_proxy", address.format(proxy.place))

    assert names("http://delivery.example") == ["Grand Hotel 1"]
    assert [path.partition("?")[0] for path in proxy.asked] == [f"http://delivery.example/api/v1/deliveries/{SEARCH}/companies"]


def test_a_password_may_hold_any_character(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy.allowed = "ada:p@ß/#:%"
    monkeypatch.setenv("http_proxy", f"http://ada:p%40%C3%9F%2F%23%3A%25@{proxy.place}")

    assert names("http://delivery.example") == ["Grand Hotel 1"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_lets_nobody_through_needs_a_person(proxy: Proxy, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", f"http://ada:wr0ng@{proxy.place}")

    with pytest.raises(FixNeeded, match=rf"{scheme}://delivery\.example:\d+ wants .* {scheme.upper()}_PROXY") as caught:
        names(f"{scheme}://delivery.example")

    assert "wr0ng" not in str(caught.value)
    assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("socks5://ada:s3cret@127.0.0.1:1080", "not known here, socks5"),
        ("http://ada:s3cret/with@127.0.0.1:3128", "no address"),
        ("http://ada:s3cret@127.0.0.1:99999", "no address"),
        ("http://ada:s3cret@[::1", "no address"),
        ("http://ada:s3cret@", "no address"),
        ("http://ada:s3cret#with@proxy:3128", "no address"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused_without_repeating_its_password(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, address: str, fault: str
) -> None:
    monkeypatch.setenv("https_proxy", address)
    caplog.set_level(logging.DEBUG)

    with pytest.raises(FixNeeded, match=f"HTTPS_PROXY, .* {fault}.*%40") as caught:
        Client("https://delivery.example", KEY)

    assert "s3cret" not in str(caught.value) + caplog.text


def test_this_machine_is_reached_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "socks5://elsewhere")
    Client("http://127.0.0.1:8400", KEY).close()
