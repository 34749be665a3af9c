"""Bad manners towards the real service, while a well-behaved consumer goes on: none of its requests may fail."""

import asyncio
import json
import socket
import time
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from threading import Event, Thread

import asyncpg
import httpx
import pytest

from openprospect.sync.client import Client
from openprospect.sync.retry import Retry
from tests.acceptance.commands import eventually, open_site

READ = ("companies:read", "prospects:read")
IDLE_CONNECTIONS = 1000


@pytest.fixture(scope="module")
def feed():
    """A service with few connections to spare, its feed and a key for it."""
    with open_site() as site:
        search_id = site.new_search()
        rows = [{"source_id": f"c{number}", "name": "Hotel", "note": "x" * 20_000} for number in range(500)]
        site.run("deliver", search_id, "-", stdin="\n".join(map(json.dumps, rows)).encode())
        key = site.new_key("consumer", scopes=READ)
        with site.serving("--connections", "300") as server:
            yield server, search_id, key


@contextmanager
def a_consumer_goes_on(feed):
    """Polls and pages of somebody else during the block; fails where one of them did."""
    server, search_id, key = feed
    done, statuses = Event(), []

    def consume():
        with server.client(key) as client:
            while not done.is_set():
                statuses.append(client.get(f"/deliveries/{search_id}/companies", params={"limit": 5}).status_code)
                time.sleep(0.01)

    consumer = Thread(target=consume)
    consumer.start()
    try:
        yield
        before = len(statuses)
        eventually(lambda: len(statuses) > before + 5)
    finally:
        done.set()
        consumer.join()
    assert set(statuses) == {200}


def connections(server, number, send=b""):
    """Open connections, each with the beginning of something, one by one: the backlog of a listening socket is short."""
    opened = []
    for _ in range(number):
        opened.append(socket.create_connection(("127.0.0.1", server.port), timeout=10))
        opened[-1].sendall(send)
    return opened


@pytest.mark.parametrize(
    "send",
    [b"", b"GET /api/v1/auth/validate HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"POST /console/sign-in HTTP/1.1\r\nHost: x\r\n"],
    ids=["idle", "slow head", "slow head of a form"],
)
def test_a_thousand_connections_that_want_nothing_give_way(feed, send):
    with a_consumer_goes_on(feed), ExitStack() as stack:
        for opened in connections(feed[0], IDLE_CONNECTIONS, send):
            stack.enter_context(opened)


def test_slow_bodies_and_bodies_without_end_harm_nobody(feed):
    server, search_id, _ = feed
    path = f"/api/v1/deliveries/{search_id}/companies"
    slow = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 60000000\r\n\r\n[".encode()
    with a_consumer_goes_on(feed), ExitStack() as stack:
        for opened in connections(server, 100, slow):
            stack.enter_context(opened)
            assert opened.recv(100).startswith(b"HTTP/1.1 401")
        (endless,) = connections(server, 1, f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        stack.enter_context(endless)
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            send_chunks(endless, megabytes=200)


def send_chunks(opened, *, megabytes):
    for _ in range(megabytes):
        opened.sendall(b"100000\r\n" + b"x" * (1 << 20) + b"\r\n")


def test_a_form_that_anybody_may_send_is_small(feed):
    answer = httpx.post(f"{feed[0].base_url}/console/sign-in", data={"key": "x" * 5000}, trust_env=False)
    assert answer.status_code == 413


def test_whoever_does_not_read_an_export_holds_nobody_up(feed):
    server, search_id, key = feed
    request = f"GET /api/v1/deliveries/{search_id}/export HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    with a_consumer_goes_on(feed), ExitStack() as stack:
        for opened in connections(server, 50, request):
            stack.enter_context(opened)
        with server.client(key) as client:
            assert len(client.get(f"/deliveries/{search_id}/export").text) > 10**7


# Limits, from the outside.


def test_the_client_of_sync_waits_as_long_as_a_spent_key_is_told_to(feed):
    server, search_id, _ = feed
    site, pauses = server.site, []
    made = site.json("keys", "create", "limited", "--scope", READ[0], "--scope", READ[1], "--tier", "custom", "--rate-limit", "1")
    with server.client(made["key"]) as client:
        assert client.get("/companies").headers["RateLimit"].startswith('"hour";r=0;')
    asyncio.run(end_hour(site, made["id"], within=timedelta(seconds=3)))

    def sleep(seconds):
        site.json("keys", "tier", made["id"], "enterprise")
        pauses.append(seconds)
        time.sleep(seconds)

    with Client(server.base_url, made["key"], retry=Retry(sleep=sleep)) as client:
        assert len(list(client.companies(search_id))) == 500
    (pause,) = pauses
    assert 1 <= pause <= 5
    (listed,) = [key for key in site.run("keys", "list", "--json").answers if key["id"] == made["id"]]
    assert (listed["tier"], listed["rate_limit"]) == ("enterprise", None)


async def end_hour(site, key_id, *, within):
    connection = await asyncpg.connect(site.dsn)
    await connection.execute("UPDATE request_count SET ends_at = clock_timestamp() + $2::interval WHERE key_id = $1", key_id, within)
    await connection.close()
