"""Housekeeping, at once instead of every few minutes."""

from openprospect.server.db.pool import Database
from openprospect.server.feed.housekeeping.tidy import forget_answers, forget_superseded, forget_walks


async def tidy(database: Database, *, portion: int = 2) -> None:
    """One round of all of it."""
    await forget_superseded(database, portion=portion)
    await forget_walks(database, portion=portion)
    await forget_answers(database, portion=portion)
