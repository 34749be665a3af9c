"""Signatures as Standard Webhooks writes them: HMAC-SHA256 over `id.timestamp.body`. Making secrets and signing; no checking."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

_SECRET_BYTES = 32
_PREFIX = "whsec_"


def new_secret() -> bytes:
    return secrets.token_bytes(_SECRET_BYTES)


def shown(secret: bytes) -> str:
    """A secret as its owner gets it: `whsec_` and base64."""
    return _PREFIX + base64.b64encode(secret).decode()


def signed_headers(body: bytes, *, message_id: str, timestamp: int, keys: Iterable[bytes]) -> dict[str, str]:
    """The three headers of a message, with a signature for each key. `timestamp` is in Unix seconds, of this attempt."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
