"""Batches into a SQL database: rows, columns that grow with the attributes, and the checkpoint, in one transaction.

How rows are loaded stands with each database, the tables and the checkpoint in `ledger.py`.
"""

# ruff: noqa: S608 - statements are made of our own text and quoted names; values are always bound

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Self

from openprospect.sync.batch import Batch, Source
from openprospect.sync.destinations.base import Applied, Checkpoint, Held
from openprospect.sync.destinations.columns import Column, fit
from openprospect.sync.destinations.database import Database, quoted
from openprospect.sync.destinations.files import existing_path_of, lock_path, path_of
from openprospect.sync.destinations.frames import COMPANIES, PROSPECTS, Frame, company_frame, prospect_frame
from openprospect.sync.destinations.ledger import STALE, Ledger
from openprospect.sync.destinations.lock import FileLock


class SqlDestination:
    """A destination made of tables; it owns the connection and, where there is one, the lock."""

    def __init__(self, database: Database, lock: FileLock | None = None) -> None:
        self._database = database
        self._lock = lock
        self._ledger = Ledger(database)
        self._columns: dict[str, dict[str | None, Column]] | None = None
        self._begun_empty: set[str] = set()

    def prepared(self, *others: Callable[[], None]) -> Self:
        """Itself, once the tables are there and known to be ours; closed if they are not. `others` create more of them, or none at all."""
        try:
            with self._database.transaction():
                self._ledger.open()
                for create in others:
                    create()
            self._database.clear()  # To go on from the checkpoint of a run that was killed would confirm that this was done.
        except BaseException:
            self.close()
            raise
        return self

    def checkpoint(self, search_id: str) -> Checkpoint | None:
        with self._database.transaction():
            return self._ledger.checkpoint(search_id)

    def begin_full(self, search_id: str, source: Source) -> None:
        with self._database.transaction():
            holds_anything = self._ledger.begin_full(search_id, source)
        (self._begun_empty.discard if holds_anything else self._begun_empty.add)(search_id)

    def apply(self, batch: Batch) -> Applied:
        try:
            with self._database.transaction():
                applied = self._apply(batch)
        except BaseException:
            self._columns = None  # What the lost transaction added is not there.
            raise
        return applied

    def finish(self, search_id: str) -> None:
        self._database.clear()
        with self._database.transaction():
            self._ledger.mark_synced(search_id)

    def held(self) -> list[Held]:
        with self._database.transaction():
            return self._ledger.held()

    def close(self) -> None:
        self._database.close()
        if self._lock:
            self._lock.release()

    def _apply(self, batch: Batch) -> Applied:
        ids = [company.id for company in batch.companies]
        companies = self._fitted(COMPANIES, company_frame(batch.search_id, batch.companies))
        prospects = self._fitted(PROSPECTS, prospect_frame(batch.search_id, batch.companies))
        # To look for what cannot be there takes the longer, the more is stored.
        sought = [] if batch.unrepeated and batch.search_id in self._begun_empty else ids
        are_stored = self._are_any_stored(batch.search_id, sought)
        people = self._delete(PROSPECTS, "company_id", batch.search_id, sought + batch.removed)
        removed = self._delete(COMPANIES, "id", batch.search_id, batch.removed)
        if are_stored or people or removed:
            self._database.note_removal()
        if are_stored:
            self._database.upsert(COMPANIES, companies)
        elif ids:
            self._database.append(COMPANIES, companies)
        if len(prospects):
            self._database.append(PROSPECTS, prospects)
        if batch.full:
            self._delete(STALE, "id", batch.search_id, sought + batch.removed)
        if batch.full and batch.last:
            removed += self._sweep(batch.search_id)
        self._ledger.advance(batch)
        return Applied(companies=len(companies), prospects=len(prospects), removed=removed)

    def _fitted(self, table: str, frame: Frame) -> Frame:
        """The frame with a column for every attribute; the table has them too, afterwards."""
        if self._columns is None:
            self._columns = self._ledger.columns()
        fitting = fit(
            frame.attributes,
            self._columns[table],
            taken=lambda: self._database.tables()[table],
            are_stored_exact=lambda column: self._are_stored_exact(table, column),
        )
        for column in fitting.added:
            self._database.execute(f"ALTER TABLE {table} ADD COLUMN {quoted(column.name)} {self._database.types[column.kind]}")
            self._ledger.add_column(table, column)
        for old, new in fitting.widened:
            self._database.retype(table, old, new)
            self._ledger.retype_column(table, new)
        self._columns[table] = fitting.columns
        return frame.fitted(fitting)

    def _are_stored_exact(self, table: str, column: Column) -> bool:
        bound = f"{quoted(column.name)} NOT BETWEEN -9007199254740992 AND 9007199254740992"
        return not self._database.query(f"SELECT 1 FROM {table} WHERE {bound} LIMIT 1")

    def _are_any_stored(self, search_id: str, ids: list[str]) -> bool:
        """Appending is so much cheaper than merging that it pays to look first."""
        statement = f"SELECT 1 FROM {COMPANIES} WHERE prospect_search_id = ? AND id {self._database.is_among} LIMIT 1"
        return bool(ids) and bool(self._database.query(statement, search_id, self._database.id_list(ids)))

    def _delete(self, table: str, column: str, search_id: str, ids: list[str]) -> int:
        if not ids:
            return 0
        statement = f"DELETE FROM {table} WHERE prospect_search_id = ? AND {column} {self._database.is_among}"
        return self._database.execute(statement, search_id, self._database.id_list(ids))

    def _sweep(self, search_id: str) -> int:
        """Remove what a full run has not come across; the number of companies removed."""
        people, companies = (
            self._database.execute(
                f"DELETE FROM {table} WHERE prospect_search_id = ? AND {column} IN (SELECT id FROM {STALE} WHERE prospect_search_id = ?)",
                search_id,
                search_id,
            )
            for table, column in ((PROSPECTS, "company_id"), (COMPANIES, "id"))
        )
        if people or companies:
            self._database.note_removal()
        self._ledger.forget_stale(search_id)
        return companies


def open_in_file(url: str, connect: Callable[[Path], Database]) -> SqlDestination:
    """A destination in a file of its own, with a lock beside it."""
    path = path_of(url)
    lock = FileLock(lock_path(path))
    try:
        return SqlDestination(connect(path), lock).prepared()
    except BaseException:
        lock.release()
        raise


def held_in_database(database: Database) -> list[Held]:
    with closing(SqlDestination(database)) as destination:
        return destination.held()


def held_in_file(url: str, connect: Callable[[Path], Database]) -> list[Held]:
    return held_in_database(connect(existing_path_of(url)))
