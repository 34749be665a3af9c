"""Identifiers that sort by the time they were made (UUID version 7), so that indexes grow at one end."""

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of Unix milliseconds, 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF000 << 64) | 0x7000 << 64
    return UUID(int=value & ~(0xC000 << 48) | 0x8000 << 48)
