"""The text of a key: how it is made, how a typo in it is told, and the hash that is all we keep. No storage."""

import hashlib
import re
import secrets
import string
import zlib

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_LENGTH = 26
_SHAPE = re.compile(rf"opk_(live|test)_([0-9A-Za-z]{{{_RANDOM_LENGTH}}})([0-9A-Za-z]{{6}})")


def new_secret(*, is_live: bool) -> str:
    """`opk_live_` or `opk_test_`, 26 random characters (154 bits), 6 of checksum."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    return f"opk_{'live' if is_live else 'test'}_{body}{_checksum(body)}"


def is_well_formed(secret: str) -> bool:
    """Whether this can be a key at all: a mistyped one is told without asking the database."""
    match = _SHAPE.fullmatch(secret)
    return match is not None and _checksum(match[2]) == match[3]


def hash_of(secret: str) -> bytes:
    """SHA-256. A slow hash would protect nothing more: a key is random, not chosen."""
    return hashlib.sha256(secret.encode()).digest()


def _checksum(body: str) -> str:
    """The CRC-32 of the random part, as six base62 digits."""
    number = zlib.crc32(body.encode())
    digits = []
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
