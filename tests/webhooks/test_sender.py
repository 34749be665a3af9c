"""One attempt against receivers that behave badly: it ends in time, reads little, follows nothing, and says what happened."""

import asyncio
import resource
import socket
import ssl
import time
from datetime import UTC, datetime

import pytest

from openprospect.server.core.ids import new_id
from openprospect.server.webhooks.message import Message
from openprospect.server.webhooks.model import Target, WebhookId
from openprospect.server.webhooks.sender import Sender, SendTimeouts
from openprospect.sync.webhooks import verify_webhook
from tests.webhooks.conftest import VAULT
from tests.webhooks.receiver import Drip, Drop, Flood, Hang, Receiver, Reply

IMPATIENT = SendTimeouts(connect=0.5, read=0.5, whole=1.0)
KEY = bytes(range(32))


def target(url):
    return Target(
        id=WebhookId(new_id()),
        url=url,
        base_url="http://service.test",
        events=frozenset(),
        is_full=False,
        answers_kept_from=datetime.now(UTC),
        sealed_secrets=(VAULT.seal(KEY),),
    )


def message(*, is_personal=False):
    return Message(id="msg_1", event="company.delivered", body=b'{"type":"t","timestamp":"n","data":{}}', is_personal=is_personal)


async def send(url, *, allow_private=True, **settings):
    async with Sender(VAULT, allow_private=allow_private, patience=IMPATIENT) as sender:
        return await sender.send(target(url), message(**settings))


def raising(manner):
    def behave(_request):
        raise manner

    return behave


async def test_an_accepted_message_is_signed_and_says_what_it_is(receiver):
    sent = await send(receiver.url("/hook?token=1"))
    assert sent.is_accepted
    assert sent.attempt.status == 204
    [request] = receiver.requests
    assert request.path == "/hook?token=1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "OpenProspect-Webhooks"
    assert verify_webhook(request.body, request.headers, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").id == "msg_1"


@pytest.fixture
def receiver_of_ipv6():
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6 to listen on")
    with Receiver().listening("::1") as receiver:
        yield receiver


async def test_an_endpoint_named_by_its_address_is_asked_for_by_that_address_in_brackets(receiver_of_ipv6):
    assert (await send(f"http://[::1]:{receiver_of_ipv6.port}/hook")).is_accepted
    assert receiver_of_ipv6.requests[0].headers["host"] == f"[::1]:{receiver_of_ipv6.port}"


async def test_messages_one_after_another_share_a_connection(receiver):
    same = target(receiver.url())
    async with Sender(VAULT, allow_private=True) as sender:
        for _ in range(5):
            await sender.send(same, message())
    assert len(receiver.requests) == 5
    assert receiver.connections == 1


@pytest.mark.parametrize("status", [300, 302, 307, 400, 401, 404, 410, 429, 500, 503])
async def test_every_other_status_is_a_failure(receiver, status):
    receiver.behave = lambda _request: Reply(status)
    sent = await send(receiver.url())
    assert sent.attempt.status == status
    assert str(status) in sent.attempt.failure


async def test_a_redirect_is_not_followed(receiver):
    receiver.behave = lambda _request: Reply(307, headers={"location": receiver.url("/inside")})
    sent = await send(receiver.url("/hook"))
    assert "redirects are not followed" in sent.attempt.failure
    assert [request.path for request in receiver.requests] == ["/hook"]


@pytest.mark.parametrize("manner", [Hang(), Drip()])
async def test_a_receiver_that_never_comes_to_an_end_is_left_in_time(receiver, manner):
    receiver.behave = raising(manner)
    started = time.monotonic()
    sent = await send(receiver.url())
    assert time.monotonic() - started < 3
    assert sent.attempt.status is None
    assert "in time" in sent.attempt.failure


async def test_half_a_gigabyte_is_not_read(receiver):
    receiver.behave = raising(Flood())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sent = await send(receiver.url())
    assert sent.is_accepted
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10
    assert receiver.flooded_bytes < 32 << 20


async def test_a_dropped_connection_is_a_failure(receiver):
    receiver.behave = raising(Drop())
    assert "connection broke" in (await send(receiver.url())).attempt.failure


async def test_nobody_listening_is_a_failure():
    with_nobody = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = with_nobody.sockets[0].getsockname()[1]
    with_nobody.close()
    await with_nobody.wait_closed()
    assert "refused" in (await send(f"http://127.0.0.1:{port}/")).attempt.failure


async def test_what_is_no_tls_is_no_secure_connection():
    heard = []

    async def answer_in_clear(reader, writer):
        heard.append(await reader.read(4096))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer_in_clear, "127.0.0.1", 0) as server:
        sent = await send(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert sent.attempt.status is None
    assert "agree on no TLS" in sent.attempt.failure
    assert message().body not in heard[0]


async def test_a_name_nobody_has_is_a_failure():
    assert "no address" in (await send("http://nobody.invalid/")).attempt.failure


async def test_without_permission_the_loopback_is_never_dialled(receiver):
    sent = await send(receiver.url().replace("127.0.0.1", "localhost"), allow_private=False)
    assert "not public" in sent.attempt.failure
    assert receiver.connections == 0


async def test_the_beginning_of_a_refusal_is_kept_unless_people_were_sent(receiver):
    receiver.behave = lambda request: Reply(500, request.body + b"\0" + b"x" * 5_000)
    assert (await send(receiver.url())).attempt.answer.startswith('{"type":"t"')
    assert len((await send(receiver.url())).attempt.answer) == 1024
    assert (await send(receiver.url(), is_personal=True)).attempt.answer is None
    receiver.behave = lambda _request: Reply(200, b"thank you")
    assert (await send(receiver.url())).attempt.answer is None


async def test_a_mailbox_in_an_answer_is_not_kept(receiver):
    receiver.behave = lambda _request: Reply(422, b'{"error":"m.schmidt@hotel.example is taken","at":"/people/m.schmidt%40hotel.example"}')
    assert (await send(receiver.url())).attempt.answer == '{"error":"***@*** is taken","at":"/people/***@***"}'


async def test_the_wish_to_wait_is_heard(receiver):
    receiver.behave = lambda _request: Reply(503, headers={"Retry-After": "7"})
    assert (await send(receiver.url())).retry_after.total_seconds() == 7


def test_certificates_are_checked():
    context = Sender(VAULT, allow_private=False)._tls
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_a_target_does_not_show_its_secret():
    assert repr(KEY) not in repr(target("http://x/"))
