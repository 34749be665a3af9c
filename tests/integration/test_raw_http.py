"""Requests that no decent client sends, written to the socket byte by byte: each is answered, and the service lives on."""

import socket
from collections.abc import Iterator

import pytest

from openprospect.server.access.keys import create_key
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.app import create_app
from tests.integration.listening import listening


@pytest.fixture
async def key(database) -> str:
    made = await create_key(
        database, "raw", organization=DEFAULT_ORGANIZATION, scopes=["companies:read"], expires_in=None, is_live=True, actor="test"
    )
    return made.key


@pytest.fixture
def address(dsn) -> Iterator[tuple[str, int]]:
    with listening(create_app(dsn)) as address:
        yield address


def exchange(address: tuple[str, int], request: bytes) -> tuple[int, bytes]:
    """The status and the whole answer."""
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    return int(answer.split(b" ", 2)[1]), answer


def get(target: bytes, key: str, *headers: bytes) -> bytes:
    lines = [b"GET " + target + b" HTTP/1.1", b"Host: service", b"Connection: close", b"Authorization: Bearer " + key.encode(), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


TARGETS = {
    b"/api/v1/companies/%": 422,
    b"/api/v1/companies/%zz": 422,
    b"/api/v1/companies/%ff%fe": 422,
    b"/api/v1/companies/%00": 422,
    b"/api/v1/companies/%C0%AF": 422,
    b"/api/v1/companies?limit=%": 422,
    b"/api/v1/companies?%ff=1": 422,
    b"/api/v1/companies?limit=50&": 200,
    b"/api/v1/companies?": 200,
    b"/api/v1/%63ompanies": 200,
    b"/api/v1//companies": 200,
    b"/api/v1/companies/../../../etc/passwd": 404,
    b"/api/v1/" + b"x" * 30_000: 404,
    b"/api/v1/companies?" + b"x" * 30_000: 422,
    b"http://elsewhere/api/v1/companies": 200,
}


def test_a_strange_address_is_answered_as_any_other(address, key):
    assert {target[:60]: exchange(address, get(target, key))[0] for target in TARGETS} == {
        target[:60]: status for target, status in TARGETS.items()
    }


HEADERS = {
    "huge": (b"X-Long: " + b"x" * 60_000, 200),
    "many": (b"\r\n".join(b"X-%d: x" % number for number in range(500)), 200),
    "bytes beyond ASCII": (b"X-Strange: \xff\xfe", 200),
    "a second key": (b"Authorization: Bearer other", 200),
    "an unknown coding": (b"Accept-Encoding: br;q=1.0, *;q=0", 200),
    "nothing acceptable": (b"Accept: image/png", 200),
    "an odd etag": (b'If-None-Match: \x80, "", W/', 200),
}


@pytest.mark.parametrize(("header", "status"), HEADERS.values(), ids=HEADERS)
def test_a_strange_header_does_no_harm(address, key, header, status):
    assert exchange(address, get(b"/api/v1/companies", key, header))[0] == status


def test_a_strange_key_is_a_401(address):
    for value in (b"Bearer " + b"x" * 60_000, b"Bearer \xff\xfe", b"Bearer \x01"):
        request = b"GET /api/v1/companies HTTP/1.1\r\nHost: service\r\nConnection: close\r\nAuthorization: " + value + b"\r\n\r\n"
        assert exchange(address, request)[0] in {400, 401}


NO_HTTP = [
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GE T / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nA\0: b\r\n\r\n",
]


@pytest.mark.parametrize("request_bytes", NO_HTTP)
def test_what_is_no_http_is_refused_and_the_service_lives_on(address, key, request_bytes):
    assert exchange(address, request_bytes)[0] == 400
    assert exchange(address, get(b"/api/v1/companies", key))[0] == 200
