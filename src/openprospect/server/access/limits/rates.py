"""How many requests a key may make in an hour, and what an answer tells of it. Nothing is counted here."""

import math
from dataclasses import dataclass

from openprospect.server.access.model import Tier
from openprospect.server.core.errors import TooManyRequests

HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Requests an hour, by tier; `untiered` for keys that have none, and None for no limit."""

    untiered: int | None
    free: int
    pro: int
    enterprise: int

    def limit_of(self, tier: str | None, own: int | None) -> int | None:
        """Of a key with this tier and, where that is `custom`, a number of its own."""
        if tier is None:
            return self.untiered
        by_tier = {Tier.FREE: self.free, Tier.PRO: self.pro, Tier.ENTERPRISE: self.enterprise}
        return own if tier == Tier.CUSTOM else by_tier[Tier(tier)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """Where a key stands after a request: whether that was within its limit, and how many more are until the hour ends."""

    limit: int
    is_within: bool
    remaining: int
    ends_in_seconds: float

    def headers(self) -> list[tuple[bytes, bytes]]:
        """As the IETF's draft on RateLimit header fields has them."""
        return [
            (b"ratelimit-policy", b'"hour";q=%d;w=%d' % (self.limit, HOUR_SECONDS)),
            (b"ratelimit", b'"hour";r=%d;t=%d' % (self.remaining, self._whole_seconds())),
        ]

    def refusal(self) -> TooManyRequests:
        seconds = self._whole_seconds()
        return TooManyRequests(
            f"This key has made the {self.limit:,} requests that it may make in an hour; go on in {seconds:,} seconds.",
            retry_after_seconds=seconds,
            limit=self.limit,
            window_seconds=HOUR_SECONDS,
        )

    def _whole_seconds(self) -> int:
        return max(1, math.ceil(self.ends_in_seconds))
