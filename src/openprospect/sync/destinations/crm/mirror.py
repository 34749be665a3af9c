"""Reads the mirror of the feed back: what the CRM does not have yet, whole items, and up to when the CRM is complete."""

# ruff: noqa: S608 - statements are made of our own text and quoted names; values are always bound

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from openprospect.sync.batch import Source
from openprospect.sync.destinations.columns import Column
from openprospect.sync.destinations.columns import Kind as ColumnKind
from openprospect.sync.destinations.crm.links import LINKS, Link, Links
from openprospect.sync.destinations.crm.mapping import email_of
from openprospect.sync.destinations.crm.protocol import Kind
from openprospect.sync.destinations.database import quoted
from openprospect.sync.destinations.frames import COMPANIES, FIXED, PROSPECTS
from openprospect.sync.destinations.ledger import STALE, Ledger
from openprospect.sync.destinations.sqlite import SqliteDatabase

_SETTLED = "openprospect_crm_settled"
_EMAIL_OF = "openprospect_email_of"
_TABLES = {Kind.COMPANY: (COMPANIES, "id"), Kind.CONTACT: (PROSPECTS, "company_id")}


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that the CRM does not have. `mark` names the delivery and the mapping."""

    company_id: str
    id: str
    mark: str

    @property
    def key(self) -> tuple[str, str]:
        return self.company_id, self.id


class Mirror:
    """`version` names the mapping: under another one everything is due again. `run` names this run."""

    def __init__(self, database: SqliteDatabase, *, version: str, run: str) -> None:
        self._database = database
        self._database.define(_EMAIL_OF, email_of)  # What SQLite itself takes for upper case, or for a blank, ends with ASCII.
        self._links = Links(database)
        self._version = version
        self._run = run

    def create(self) -> None:
        """The caller owns the transaction."""
        self._database.execute(
            f"CREATE TABLE IF NOT EXISTS {_SETTLED}"
            " (prospect_search_id TEXT PRIMARY KEY, server TEXT NOT NULL, instance TEXT, delivered_until TEXT)"
        )

    def due(self, kind: Kind, search_id: str) -> list[Due]:
        """In order of delivery, but for what this run has tried already, and what a full run may yet find to be gone."""
        _, company = _TABLES[kind]
        mark = self._mark()
        statement = (
            f"SELECT t.{company}, t.id, {mark} {self._joined(kind)} WHERE t.prospect_search_id = ?"
            f" AND l.applied IS NOT {mark} AND l.tried IS NOT ? || {mark} AND {_is_fresh(company)}"
            f" ORDER BY t.delivered_at, t.{company}, t.id"
        )
        values = (self._run, self._version)
        return [Due(*row) for row in self._database.query(statement, *values, kind, search_id, *values, self._run, *values)]

    def attempt(self, due: Due) -> str:
        return self._run + due.mark

    def gone(self, kind: Kind, search_id: str) -> list[Link]:
        """What is linked to a record, but was withdrawn, erased or left out; but for what this run has tried already."""
        return [link for link in self._links.without_row(kind, search_id, *_TABLES[kind]) if link.tried != self._run]

    def delivered(self, kind: Kind, record_ids: Iterable[str]) -> list[Link]:
        """Who is linked to these records and delivered, in any search; whoever was linked first stands first."""
        return self._links.with_row(kind, record_ids, *_TABLES[kind])

    def awaited(self, gone: Sequence[Link]) -> list[Link]:
        """Those of people who left that somebody who is delivered may be, by id or e-mail: the same person elsewhere, perhaps."""
        ids, matches = (self._database.id_list(sorted(told)) for told in ({one.id for one in gone}, {one.match or "" for one in gone}))
        among = self._database.is_among
        rows = self._database.query(
            f"SELECT id, {_EMAIL_OF}(email) FROM {PROSPECTS} WHERE id {among} OR {_EMAIL_OF}(email) {among}", ids, matches
        )
        told = {key for row in rows for key in row if key}
        return [one for one in gone if {one.id, one.match} & told]

    def items(self, kind: Kind, search_id: str, company_ids: Iterable[str]) -> dict[tuple[str, str], dict[str, Any]]:
        """Companies, or the people at them, as they were delivered, by (company id, id)."""
        table, company = _TABLES[kind]
        columns = list(Ledger(self._database).columns()[table].values())
        names = [*FIXED[table], *(column.name for column in columns)]
        rows = self._database.query(
            f"SELECT {', '.join(map(quoted, names))} FROM {table} WHERE prospect_search_id = ? AND {company} {self._database.is_among}",
            search_id,
            self._database.id_list(sorted(set(company_ids))),
        )
        items = [_item(FIXED[table], columns, row) for row in rows]
        return {(item[company], item["id"]): item for item in items}

    def settled(self, search_id: str) -> str | None:
        """Up to when the CRM was complete when last we looked."""
        rows = self._database.query(f"SELECT delivered_until FROM {_SETTLED} WHERE prospect_search_id = ?", search_id)
        return rows[0][0] if rows else None

    def is_settled(self, search_id: str) -> bool:
        """Whether the CRM has everything that was delivered, but for rows that it refused, and nothing that should be gone."""
        return not self._has_gone(search_id) and self._earliest_due(search_id) is None

    def settle(self, search_id: str, until: str | None, source: Source) -> None:
        """Remember how far the CRM is complete: up to `until`, or to just before what is still due."""
        if self._has_gone(search_id):
            return
        if (earliest := self._earliest_due(search_id)) is not None:
            before = f"SELECT max(delivered_at) FROM {COMPANIES} WHERE prospect_search_id = ? AND delivered_at < ?"
            until = self._database.query(before, search_id, earliest)[0][0]
        if until is not None:
            values = (search_id, source.server, source.instance, until)
            with self._database.transaction():
                self._database.execute(f"INSERT OR REPLACE INTO {_SETTLED} VALUES (?, ?, ?, ?)", *values)

    def unsettle(self, search_id: str, source: Source) -> None:
        """Forget how far the CRM was complete with another feed."""
        with self._database.transaction():
            for server, instance in self._database.query(
                f"SELECT server, instance FROM {_SETTLED} WHERE prospect_search_id = ?", search_id
            ):
                if not Source(server=server, instance=instance).is_same(source):
                    self._database.execute(f"DELETE FROM {_SETTLED} WHERE prospect_search_id = ?", search_id)

    def _earliest_due(self, search_id: str) -> str | None:
        earliest: list[str] = []
        for kind in Kind:
            mark = self._mark()
            statement = (
                f"SELECT min(coalesce(t.delivered_at, '')) {self._joined(kind)} WHERE t.prospect_search_id = ?"
                f" AND l.applied IS NOT {mark} AND l.reason IS NULL"
            )
            earliest += [row[0] for row in self._database.query(statement, kind, search_id, self._run, self._version) if row[0] is not None]
        return min(earliest, default=None)

    def _has_gone(self, search_id: str) -> bool:
        return any(self._links.without_row(kind, search_id, *_TABLES[kind]) for kind in Kind)

    def _joined(self, kind: Kind) -> str:
        table, company = _TABLES[kind]
        return (
            f"FROM {table} t LEFT JOIN {LINKS} l ON l.kind = ? AND l.prospect_search_id = t.prospect_search_id"
            f" AND l.company_id = t.{company} AND l.id = t.id"
        )

    def _mark(self) -> str:
        """What names a delivery of a row under our mapping; where the server tells no time, each run is a new one."""
        return "(coalesce(t.delivered_at, ?) || ?)"


def _is_fresh(company: str) -> str:
    """Whether a row is sure to be in the feed: while a full run is under way, what was there before only once that has come across it."""
    return f"NOT EXISTS (SELECT 1 FROM {STALE} s WHERE s.prospect_search_id = t.prospect_search_id AND s.id = t.{company})"


def _item(fixed: tuple[str, ...], columns: list[Column], row: tuple[Any, ...]) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for column, cell in zip(columns, row[len(fixed) :], strict=True):
        value = _decoded(cell, column.kind)
        attributes |= (value or {}) if column.attribute is None else {column.attribute: value}
    return {**dict(zip(fixed, row, strict=False)), "attributes": attributes}


def _decoded(cell: Any, kind: ColumnKind) -> Any:
    if cell is None:
        return None
    if kind is ColumnKind.JSON:
        return msgspec.json.decode(cell)
    return bool(cell) if kind is ColumnKind.BOOLEAN else cell
