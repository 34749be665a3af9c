"""Housekeeping, at once instead of every few minutes."""

from datetime import timedelta

from openprospect.server.db.pool import Database
from openprospect.server.feed.housekeeping.tidy import forget_idempotent_answers, forget_superseded, forget_walks
from openprospect.server.feed.housekeeping.watermarks import PastWatermarks


def looked_just_now() -> PastWatermarks:
    """For those who do not wait until what they saw is old enough."""
    return PastWatermarks(old_enough=timedelta())


async def tidy(database: Database, *, portion: int = 2) -> None:
    """One round of all of it."""
    await forget_superseded(database, looked_just_now(), portion=portion)
    await forget_walks(database, portion=portion)
    await forget_idempotent_answers(database, portion=portion)
