"""Limits addresses that send keys which do not work: after too many of them, no more are looked up for a while.

A key that has worked here is looked up from anywhere, so that nobody is locked out by a neighbour behind the same address.
"""

import math
import time
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from openprospect.server.core.errors import TooManyRequests

_MOST_FAILURES = 60
_SECONDS = 60.0


class BadKeyLimiter:
    """What one process has seen of them within a minute."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: Counter[str] = Counter()
        self._ends_at = 0.0
        self._worked: set[bytes] = set()

    def refuse(self, address: str, secret_hash: bytes) -> None:
        """Raises TooManyRequests where too many have failed from there."""
        if not self._failures or self._failures[_network(address)] < _MOST_FAILURES or secret_hash in self._worked:
            return
        left = math.ceil(self._ends_at - self._clock())
        if left > 0:
            raise TooManyRequests(
                f"Too many invalid API keys from this address. Retry in {left} s with a valid key.",
                retry_after_seconds=left,
            )

    def failed(self, address: str) -> None:
        now = self._clock()
        if now >= self._ends_at:
            self._failures.clear()
            self._ends_at = now + _SECONDS
        self._failures[_network(address)] += 1

    def worked(self, secret_hash: bytes) -> None:
        self._worked.add(secret_hash)


def _network(address: str) -> str:
    """The address, or what one customer has of IPv6: a /64."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(int(parsed) >> 64) if isinstance(parsed, IPv6Address) else address
