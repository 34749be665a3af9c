"""People who are gone, and whose bytes a database keeps in its file until that is written anew; whether there are any is noted there."""

# ruff: noqa: S608 - statements are made of our own text and quoted names; values are always bound

from collections.abc import Callable

from openprospect.sync.destinations.database import Database
from openprospect.sync.destinations.frames import PROSPECTS

LEFTOVERS = "openprospect_sync_leftovers"


class Leftovers:
    """Noted in the transaction that deletes, and gone before anybody is told that the people are."""

    def __init__(self, database: Database, rewrite: Callable[[str], None]) -> None:
        """`rewrite`: puts into the file's place one with the same live rows, but for those of the table named."""
        self._database = database
        self._rewrite = rewrite

    def open(self) -> None:
        self._database.execute(f"CREATE TABLE IF NOT EXISTS {LEFTOVERS} (noted BOOLEAN)")

    def note_leavers(self, search_id: str, company_ids: list[str], *, staying: list[str]) -> None:
        """Before the people of these companies are replaced by those who stay, some of them new."""
        among = self._database.is_among
        leaver = f"SELECT 1 FROM {PROSPECTS} WHERE prospect_search_id = ? AND company_id {among} AND NOT id {among} LIMIT 1"
        bound = self._database.id_list
        if self._database.query(leaver, search_id, bound(company_ids), bound(staying)):
            self.note()

    def note(self) -> None:
        self._database.execute(f"INSERT INTO {LEFTOVERS} VALUES (true)")

    def clear(self) -> None:
        """Between transactions."""
        with self._database.transaction():
            are_any = self._database.query(f"SELECT 1 FROM {LEFTOVERS} LIMIT 1")
        if are_any:
            self._rewrite(LEFTOVERS)
