"""How long attempts are kept, and forgetting them then."""

from dataclasses import dataclass
from datetime import timedelta

from openprospect.server.db.pool import Database
from openprospect.server.feed.housekeeping.batches import PORTION, in_order_of_time
from openprospect.server.webhooks import store


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """For how long after they were made."""

    accepted: timedelta
    failed: timedelta


async def forget_attempts(database: Database, retention: Retention, *, portion: int = PORTION) -> None:
    """One round over all of them, or up to where another worker is at it."""
    await in_order_of_time(
        database,
        "attempts",
        lambda db, after: store.forget_attempts(
            db, accepted_after=retention.accepted, failed_after=retention.failed, since=after, limit=portion
        ),
        portion=portion,
    )
