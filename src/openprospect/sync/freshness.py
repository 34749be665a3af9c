"""Whether what a destination holds is fresh enough, for whoever watches it. Pure rules."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from openprospect.sync.destinations.base import Held

# As far as the clocks of two machines may well be apart.
_CLOCKS_APART = timedelta(minutes=1)


def too_old(found: Sequence[Held], *, now: datetime, max_age: timedelta) -> list[str]:
    """A sentence for each search whose last run to its end is longer ago, or dated by a clock that was ahead, and one where nothing is held
    at all.
    """
    if not found:
        return ["Nothing was ever synced into this destination."]
    return [sentence for held in found if (sentence := _too_old(held, now, max_age))]


def _too_old(held: Held, now: datetime, max_age: timedelta) -> str | None:
    if held.synced_at is None:
        return f"{held.search_id} was never synced to its end."
    synced_at = datetime.fromisoformat(held.synced_at)
    if synced_at > now + _CLOCKS_APART:
        return f"{held.search_id} was last synced at {held.synced_at}, a time yet to come: set the clocks right and sync again."
    return f"{held.search_id} was last synced at {held.synced_at}." if synced_at < now - max_age else None
