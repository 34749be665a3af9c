"""Rows that are gone, and whose bytes a database keeps in its file until that is written anew; whether there are any is noted there."""

# ruff: noqa: S608 - statements are made of our own text and quoted names; values are always bound

from collections.abc import Callable

from openprospect.sync.destinations.database import Database

LEFTOVERS = "openprospect_sync_leftovers"


class Leftovers:
    """Noted in the transaction that makes them, and gone before anybody is told that the people in them are."""

    def __init__(self, database: Database, rewrite: Callable[[str], None]) -> None:
        """`rewrite`: puts into the file's place one with the same live rows, but for those of the table named."""
        self._database = database
        self._rewrite = rewrite

    def open(self) -> None:
        self._database.execute(f"CREATE TABLE IF NOT EXISTS {LEFTOVERS} (noted BOOLEAN)")

    def note(self) -> None:
        """In a transaction that takes out or replaces rows. Whom they told of is not asked: an attribute may name anybody."""
        self._database.execute(f"INSERT INTO {LEFTOVERS} VALUES (true)")

    def clear(self) -> None:
        """Between transactions."""
        with self._database.transaction():
            are_any = self._database.query(f"SELECT 1 FROM {LEFTOVERS} LIMIT 1")
        if are_any:
            self._rewrite(LEFTOVERS)
