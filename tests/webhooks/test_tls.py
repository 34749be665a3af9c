"""Endpoints with certificates of all kinds: where one is not right nothing is sent, and the log says what is wrong with it."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from openprospect.server.webhooks.sender import Sender, Sent
from tests.webhooks.conftest import VAULT
from tests.webhooks.receiver import Receiver
from tests.webhooks.test_sender import message, target

LONG_AGO = datetime.now(UTC) - timedelta(days=2)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def trusted(authority, tmp_path, monkeypatch):
    """The service trusts this authority, as an operator tells it to."""
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


@contextmanager
def receiving(certificate: trustme.LeafCert, *, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> Iterator[Receiver]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, newest
    with Receiver(tls=context).listening() as receiver:
        yield receiver


def sent_to(receiver: Receiver, host: str = "localhost") -> Sent:
    async def send() -> Sent:
        async with Sender(VAULT, allow_private=True) as sender:
            return await sender.send(target(f"https://{host}:{receiver.port}/hook"), message())

    return asyncio.run(send())


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_an_endpoint_of_a_trusted_authority_is_sent_to(authority, host):
    with receiving(authority.issue_cert(host)) as receiver:
        sent = sent_to(receiver, host)
    assert sent.is_accepted
    assert [request.path for request in receiver.requests] == ["/hook"]


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (lambda _authority: trustme.CA().issue_cert("localhost"), "authority that is not trusted here"),
        (lambda authority: authority.issue_cert("localhost", not_before=LONG_AGO, not_after=LONG_AGO + timedelta(days=1)), "has expired"),
        (lambda authority: authority.issue_cert("localhost", not_before=datetime.now(UTC) + timedelta(days=1)), "not valid yet"),
        (lambda authority: authority.issue_cert("elsewhere.example"), "for another host"),
    ],
    ids=["untrusted", "expired", "early", "another-host"],
)
def test_an_endpoint_whose_certificate_is_not_right_is_sent_nothing(authority, certificate, reason, newest):
    with receiving(certificate(authority), newest=newest) as receiver:
        sent = sent_to(receiver)
    assert reason in str(sent.attempt.failure)
    assert sent.attempt.status is None
    assert (receiver.connections, receiver.requests) == (0, [])


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_a_name_is_none_for_its_address(authority):
    with receiving(authority.issue_cert("localhost")) as receiver:
        sent = sent_to(receiver, "127.0.0.1")
    assert "for another address" in str(sent.attempt.failure)
    assert receiver.requests == []


def test_an_authority_nobody_named_is_not_trusted(authority):
    with receiving(authority.issue_cert("localhost")) as receiver:
        sent = sent_to(receiver)
    assert "not trusted here" in str(sent.attempt.failure)
    assert receiver.requests == []
