"""Both halves sign and check as Standard Webhooks does: against its own libraries, and against vectors that anybody may use."""

import base64
import json
import re
import string
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

import openprospect
from openprospect.server.webhooks.signature import new_secret, shown, signed_headers
from openprospect.sync.webhooks import WebhookRefused, sign_webhook, verify_webhook
from tests.project.repository import ROOT

FILE = ROOT / "contract/webhook-vectors.json"
VECTORS = json.loads(FILE.read_text(encoding="utf-8"))
SECRET = shown(bytes(range(32)))
EVENT = {"type": "company.delivered", "timestamp": "2026-02-25T12:00:00.000001Z", "data": {"company_id": "1"}}
BODY = json.dumps(EVENT).encode()


def headers(body=BODY, *, keys=(bytes(range(32)),), at=None):
    return signed_headers(body, message_id="msg_1", timestamp=int(at or time.time()), keys=keys)


def test_a_secret_is_shown_as_whsec_and_32_bytes_in_base64():
    secret = shown(new_secret())
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32


@given(st.binary(min_size=24, max_size=64), st.text(string.ascii_letters + string.digits + "_", min_size=1))
def test_the_published_library_accepts_what_the_service_signs(key, message_id):
    signed = signed_headers(BODY, message_id=message_id, timestamp=int(time.time()), keys=[new_secret(), key])
    assert Webhook(shown(key)).verify(BODY, signed) == EVENT


def test_the_published_library_refuses_an_altered_body():
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY + b" ", headers())


def test_we_accept_what_the_published_library_signs():
    now = datetime.now(UTC)
    signature = Webhook(SECRET).sign("msg_1", now, BODY.decode())
    given = {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(int(now.timestamp())), "Webhook-Signature": signature}
    assert verify_webhook(BODY, given, SECRET).data == EVENT["data"]


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["name"])
def test_the_service_signs_the_vectors_as_they_stand(vector):
    body = base64.b64decode(vector["body_base64"])
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in vector["secrets"]]
    made = signed_headers(
        body, message_id=vector["headers"]["webhook-id"], timestamp=int(vector["headers"]["webhook-timestamp"]), keys=keys
    )
    assert made == vector["headers"]


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["name"])
def test_each_secret_of_a_valid_vector_verifies_it(vector):
    body = base64.b64decode(vector["body_base64"])
    for secret in vector["secrets"]:
        event = verify_webhook(body, vector["headers"], secret, now=vector["now"])
        assert event.id == vector["headers"]["webhook-id"]
        assert {"type": event.type, "timestamp": event.timestamp, "data": event.data} == json.loads(body)


@pytest.mark.parametrize("vector", VECTORS["invalid"], ids=lambda vector: vector["name"])
def test_an_invalid_vector_is_refused(vector):
    with pytest.raises(WebhookRefused):
        verify_webhook(base64.b64decode(vector["body_base64"]), vector["headers"], vector["secrets"], now=vector["now"])


def test_the_published_javascript_library_accepts_the_valid_vectors():
    modules = ROOT / "tests/acceptance/samples/node_modules"
    assert (modules / "standardwebhooks").is_dir(), "the JavaScript library is not installed; `make test` installs it"
    command = [str(Path(sys.executable).with_name("node")), str(ROOT / "tests/webhooks/verify.cjs"), str(FILE)]
    done = subprocess.run(command, env={"NODE_PATH": str(modules)}, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines() == [vector["name"] for vector in VECTORS["valid"]], done.stderr


def test_a_request_made_for_a_test_is_accepted():
    request = openprospect.sign_webhook(EVENT, SECRET)
    event = openprospect.verify_webhook(request.body, request.headers, SECRET)
    assert (event.type, event.data) == (EVENT["type"], EVENT["data"])
    assert event.id == request.headers["webhook-id"]


def test_two_secrets_are_tried_while_one_takes_over():
    other = shown(new_secret())
    request = sign_webhook(EVENT, SECRET)
    assert verify_webhook(request.body, request.headers, [other, SECRET]).type == EVENT["type"]
    with pytest.raises(WebhookRefused):
        verify_webhook(request.body, request.headers, other)


@pytest.mark.parametrize("age", [-301, 301])
def test_a_request_from_another_time_is_refused(age):
    request = sign_webhook(EVENT, SECRET, timestamp=1_000_000)
    assert verify_webhook(request.body, request.headers, SECRET, now=1_000_000 + age / 2).type == EVENT["type"]
    with pytest.raises(WebhookRefused, match="clock"):
        verify_webhook(request.body, request.headers, SECRET, now=1_000_000 + age)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_*", "whsec_a", []])
def test_a_secret_that_is_none_is_the_owners_to_mend(secret):
    with pytest.raises(openprospect.FixNeeded, match="whsec_"):
        verify_webhook(BODY, headers(), secret)


NAMES = st.sampled_from(["webhook-id", "Webhook-Timestamp", "WEBHOOK-SIGNATURE", "host"]) | st.text()


@given(st.binary() | st.text(), st.dictionaries(NAMES, st.text()))
def test_any_bad_request_is_one_error(body, given):
    with pytest.raises(WebhookRefused):
        verify_webhook(body, given, SECRET)


@given(st.binary(), st.text(min_size=1))
def test_whatever_is_signed_is_an_event_or_refused(body, message_id):
    request = sign_webhook(body, SECRET, message_id=message_id)
    with suppress(WebhookRefused):
        assert verify_webhook(request.body, request.headers, SECRET).id == message_id


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_no_byte_of_a_signed_body_can_be_altered(place, difference):
    altered = BODY[:place] + bytes([BODY[place] ^ difference]) + BODY[place + 1 :]
    with pytest.raises(WebhookRefused):
        verify_webhook(altered, headers(), SECRET)
