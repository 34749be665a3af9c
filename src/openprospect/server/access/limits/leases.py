"""Counting requests without asking anybody for most of them: a process takes some of a key's hour in advance and counts those down."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from openprospect.server.access.limits.counts import Counts
from openprospect.server.access.limits.rates import Allowance
from openprospect.server.access.model import KeyId
from openprospect.server.core.errors import Unavailable

logger = logging.getLogger(__name__)

# A hundredth of the limit: what a key may lose to each further process, and how seldom anybody is asked.
_SHARE = 100
# How long a process goes by what it heard last: that an hour is spent, or that nobody could be asked.
_TRUSTED_SECONDS = 5.0
_MANY_LEASES = 10_000


@dataclass(slots=True)
class _Lease:
    """What this process may still give out of a key's hour. `untaken` is what no process had taken when it asked last."""

    key_id: KeyId
    limit: int
    left: int = 0
    untaken: int = 0
    ends_at: float = 0.0
    spent_until: float = 0.0
    renewal: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_open(self, now: float) -> bool:
        return self.left > 0 and now < self.ends_at

    def allowance(self, now: float, *, is_within: bool) -> Allowance:
        return Allowance(limit=self.limit, is_within=is_within, remaining=self.left + self.untaken, ends_in_seconds=self.ends_at - now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A key that has nothing left of its hour, and where it stands."""

    key_id: KeyId
    allowance: Allowance


class Leases:
    """The leases of one process, by the hash of the key's secret: what a request shows before anybody knows whose it is."""

    def __init__(self, counts: Counts, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._counts = counts
        self._clock = clock
        self._leases: dict[bytes, _Lease] = {}

    def spent(self, secret_hash: bytes) -> Spent | None:
        """The key, where it was heard to be spent a moment ago: it is refused without a look at the database."""
        lease, now = self._leases.get(secret_hash), self._clock()
        if lease is None or now >= lease.spent_until:
            return None
        return Spent(key_id=lease.key_id, allowance=lease.allowance(now, is_within=False))

    async def count(self, secret_hash: bytes, key_id: KeyId, limit: int) -> Allowance:
        """Count one request. While nobody can be asked, the process goes by itself and refuses less."""
        lease = self._leases.get(secret_hash)
        if lease is None or lease.limit != limit:
            lease = self._begin(secret_hash, key_id, limit)
        now = self._clock()
        if not lease.is_open(now):
            await self._renew(lease, key_id)
            now = self._clock()
        is_within = lease.is_open(now)
        if is_within:
            lease.left -= 1
        return lease.allowance(now, is_within=is_within)

    def _begin(self, secret_hash: bytes, key_id: KeyId, limit: int) -> _Lease:
        if len(self._leases) >= _MANY_LEASES:
            now = self._clock()
            self._leases = {key: lease for key, lease in self._leases.items() if now < lease.ends_at}
        lease = self._leases[secret_hash] = _Lease(key_id, limit)
        return lease

    async def _renew(self, lease: _Lease, key_id: KeyId) -> None:
        async with lease.renewal:
            now = self._clock()
            if lease.is_open(now) or now < lease.spent_until:
                return  # somebody asked while this request waited
            try:
                taken = await self._counts.take(key_id, wanted=max(1, lease.limit // _SHARE), limit=lease.limit)
            except Unavailable as error:
                logger.warning("requests are counted by each process for itself: %s", error)
                lease.left, lease.untaken, lease.ends_at = lease.limit, 0, now + _TRUSTED_SECONDS
                return
            now = self._clock()
            lease.left, lease.untaken, lease.ends_at = taken.given, taken.left, now + taken.ends_in_seconds
            if not taken.given:
                lease.spent_until = min(now + _TRUSTED_SECONDS, lease.ends_at)
