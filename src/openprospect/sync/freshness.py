"""Whether what a destination holds is fresh enough, for whoever watches it. Pure rules."""

from collections.abc import Sequence
from datetime import datetime

from openprospect.sync.destinations.base import Held


def too_old(found: Sequence[Held], oldest: datetime) -> list[str]:
    """A sentence for each search whose last run to its end is longer ago, and one where nothing is held at all."""
    if not found:
        return ["Nothing was ever synced into this destination."]
    return [sentence for held in found if (sentence := _too_old(held, oldest))]


def _too_old(held: Held, oldest: datetime) -> str | None:
    if held.synced_at is None:
        return f"{held.search_id} was never synced to its end."
    return f"{held.search_id} was last synced at {held.synced_at}." if datetime.fromisoformat(held.synced_at) < oldest else None
