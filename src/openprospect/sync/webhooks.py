"""Receiving webhooks: checking that a request comes from the service, and making such requests for tests of a receiver."""

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import msgspec

from openprospect.sync.errors import FixNeeded, SyncError

_PREFIX = "whsec_"
_TIMESTAMP = re.compile(r"\d{1,12}", re.ASCII)


class WebhookRefused(SyncError):
    """The request is not one that the service signed just now: answer it with 400."""


class WebhookEvent(msgspec.Struct, kw_only=True, frozen=True):
    """What the service tells of. The same `id` may come twice: keep the ids that you have dealt with, or act so that it does no harm."""

    id: str = ""
    type: str
    timestamp: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request as the service would send it."""

    body: bytes
    headers: dict[str, str] = field(repr=False)


def verify_webhook(
    body: bytes | str,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    now: float | None = None,
    tolerance_seconds: float = 300.0,
) -> WebhookEvent:
    """The event in a request, once it is known to be genuine and fresh. Raises WebhookRefused for any that is not.

    `body` is the raw body, before anybody decoded it. Give several secrets while one takes over from another.
    """
    raw = body.encode("utf-8", errors="surrogatepass") if isinstance(body, str) else body
    keys = _keys(secret)
    given = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp, signatures = (_header(given, name) for name in ("webhook-id", "webhook-timestamp", "webhook-signature"))
    _check_fresh(timestamp, time.time() if now is None else now, tolerance_seconds)
    _check_signed(_signatures(keys, message_id, timestamp, raw), signatures)
    try:
        return msgspec.structs.replace(msgspec.json.decode(raw, type=WebhookEvent), id=message_id)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise WebhookRefused("The body is signed, but is not an event.") from None


def sign_webhook(
    event: Mapping[str, Any] | bytes, secret: str | Sequence[str], *, message_id: str | None = None, timestamp: float | None = None
) -> SignedRequest:
    """A request that `verify_webhook` accepts: for tests of your receiver. `event` is a mapping to send as JSON, or a ready body."""
    body = event if isinstance(event, bytes) else msgspec.json.encode(event)
    known_as = message_id or f"msg_{uuid4().hex}"
    moment = str(int(time.time() if timestamp is None else timestamp))
    signatures = " ".join(f"v1,{signature}" for signature in _signatures(_keys(secret), known_as, moment, body))
    headers = {
        "content-type": "application/json",
        "webhook-id": known_as,
        "webhook-timestamp": moment,
        "webhook-signature": signatures,
    }
    return SignedRequest(body=body, headers=headers)


def _keys(secret: str | Sequence[str]) -> list[bytes]:
    secrets = [secret] if isinstance(secret, str) else secret
    try:
        keys = [base64.b64decode(one.removeprefix(_PREFIX), validate=True) for one in secrets]
    except (binascii.Error, ValueError):
        keys = []
    if not keys or not all(keys):
        raise FixNeeded("The webhook secret must be whsec_ and what follows, as it was shown when the endpoint was made.")
    return keys


def _header(given: Mapping[str, str], name: str) -> str:
    value = given.get(name)
    if not value:
        raise WebhookRefused(f"The request has no {name} header.")
    return value


def _check_fresh(timestamp: str, now: float, tolerance_seconds: float) -> None:
    if not _TIMESTAMP.fullmatch(timestamp):
        raise WebhookRefused("The webhook-timestamp header is not a Unix time in seconds.")
    if abs(now - int(timestamp)) > tolerance_seconds:
        raise WebhookRefused(
            "The request is too old, or from the future: look at this machine's clock, or somebody sends an old one again."
        )


def _check_signed(expected: Iterable[str], header: str) -> None:
    """One of the signatures must be one of ours, compared in a time that tells nothing."""
    given = [signature.encode("utf-8", errors="replace") for version, _, signature in _parts(header) if version == "v1"]
    if not any(hmac.compare_digest(one, other.encode()) for other in expected for one in given):
        raise WebhookRefused(
            "No signature of the request fits: it is not from the service, its body was altered, or the secret is another."
        )


def _parts(header: str) -> Iterable[tuple[str, str, str]]:
    return (part.partition(",") for part in header.split(" "))


def _signatures(keys: Iterable[bytes], message_id: str, timestamp: str, body: bytes) -> list[str]:
    content = f"{message_id}.{timestamp}.".encode("utf-8", errors="replace") + body
    return [base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode() for key in keys]
