"""Identifiers that sort by the time they were made (UUID version 7), so that indexes grow at one end."""

import os
import time
from collections.abc import Iterator
from uuid import UUID

_RANDOM_BYTES = 10
_AT_ONCE = 128


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of Unix milliseconds, 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | next(_random_parts)
    value = value & ~(0xF000 << 64) | 0x7000 << 64
    return UUID(int=value & ~(0xC000 << 48) | 0x8000 << 48)


def _drawn() -> Iterator[int]:
    """Randomness for many ids by one call of the system: asking for each would cost more than all the rest."""
    while True:
        drawn = os.urandom(_RANDOM_BYTES * _AT_ONCE)
        yield from (int.from_bytes(drawn[place : place + _RANDOM_BYTES]) for place in range(0, len(drawn), _RANDOM_BYTES))


_random_parts = _drawn()


def _draw_anew() -> None:
    """A forked process must not go on with its parent's numbers."""
    global _random_parts  # noqa: PLW0603  # the one thing here that a fork would share
    _random_parts = _drawn()


os.register_at_fork(after_in_child=_draw_anew)
