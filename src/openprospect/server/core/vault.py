"""Sealing secrets that have to be kept and cannot be hashed, with keys that never lie beside them."""

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from openprospect.server.core.errors import Misconfigured

_FEWEST_CHARACTERS = 32


class Vault:
    """Seals with the first of its keys and opens with any of them: a new key goes in front of the one that it takes over from."""

    def __init__(self, keys: Sequence[str]) -> None:
        if any(len(key) < _FEWEST_CHARACTERS for key in keys):
            raise Misconfigured(
                f"Each key in OPENPROSPECT_SECRET_KEY must have {_FEWEST_CHARACTERS} characters or more; `openssl rand -base64 32` makes "
                "one."
            )
        self._fernet = MultiFernet([_fernet(key) for key in keys]) if keys else None
        self.key_id = hashlib.sha256(f"openprospect key id {keys[0]}".encode()).hexdigest()[:16] if keys else None
        """Tells what is sealed with the first key from the rest, and tells nothing about the key."""

    def seal(self, secret: bytes) -> bytes:
        """Raises Misconfigured where there is no key."""
        if self._fernet is None:
            raise Misconfigured(
                "Signing secrets are kept sealed, and there is no key to seal them with: set OPENPROSPECT_SECRET_KEY, the same for the "
                "service and its commands; `openssl rand -base64 32` makes one."
            )
        return self._fernet.encrypt(secret)

    def open(self, sealed: bytes) -> bytes | None:
        """The secret; None where none of the keys fits."""
        try:
            return self._fernet.decrypt(sealed) if self._fernet else None
        except InvalidToken:
            return None


def _fernet(key: str) -> Fernet:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"openprospect vault").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
