"""Which delivered company or person is which record, what we wrote there, and why a row was refused: the outcome log."""

# ruff: noqa: S608 - statements are made of our own text; values are always bound

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from openprospect.sync.clock import now_text
from openprospect.sync.destinations.crm.protocol import Kind
from openprospect.sync.destinations.database import Database

LINKS = "openprospect_crm_links"
_KEY = ("kind", "prospect_search_id", "company_id", "id")
_COLUMNS = (*_KEY, "record_id", "is_created", "applied", "written", "match", "reason", "tried", "tried_at")
_TABLE = f"""
CREATE TABLE IF NOT EXISTS {LINKS} (
    kind TEXT NOT NULL, prospect_search_id TEXT NOT NULL, company_id TEXT NOT NULL, id TEXT NOT NULL,
    record_id TEXT, is_created INTEGER NOT NULL, applied TEXT, written TEXT NOT NULL, match TEXT, reason TEXT, tried TEXT, tried_at TEXT,
    PRIMARY KEY ({", ".join(_KEY)})
)"""
_INDEXES = tuple(f"CREATE INDEX IF NOT EXISTS {LINKS}_{column} ON {LINKS} (kind, {column})" for column in ("record_id", "match"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One delivered company (`id` is `company_id`) or person.

    `is_created`: the record is ours; the intent is stored before the CRM is told to make it, so that a kill in between
    does not turn it into somebody else's. `applied`: which delivery of it, under which mapping, the CRM has. `written`:
    digests of what we wrote, by field. `tried`: the attempt that was refused last.
    """

    kind: Kind
    search_id: str
    company_id: str
    id: str
    record_id: str | None = None
    is_created: bool = False
    applied: str | None = None
    written: dict[str, str] = field(default_factory=dict)
    match: str | None = None
    reason: str | None = None
    tried: str | None = None
    tried_at: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.company_id, self.id

    def refused(self, reason: str, attempt: str) -> "Link":
        return replace(self, reason=reason, tried=attempt, tried_at=now_text())


class Links:
    """The outcome log, in the mirror's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self) -> None:
        with self._transaction():
            for statement in (_TABLE, *_INDEXES):
                self._database.execute(statement)

    def among(self, kind: Kind, search_id: str, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Link]:
        """The links of these companies or people, by (company id, id)."""
        companies = self._database.id_list(sorted({company_id for company_id, _ in keys}))
        wanted = set(keys)
        found = self._read(f"kind = ? AND prospect_search_id = ? AND company_id {self._database.is_among}", kind, search_id, companies)
        return {link.key: link for link in found if link.key in wanted}

    def of_records(self, kind: Kind, record_ids: Iterable[str]) -> dict[str, list[Link]]:
        """Everything that is linked to these records, in any search."""
        found: dict[str, list[Link]] = {}
        for link in self._read(f"kind = ? AND record_id {self._database.is_among}", kind, self._database.id_list(sorted(set(record_ids)))):
            found.setdefault(link.record_id or "", []).append(link)
        return found

    def of_matches(self, kind: Kind, matches: Iterable[str]) -> dict[str, Link]:
        """A link to a record for each domain or e-mail that we know one of."""
        listed = self._database.id_list(sorted(set(matches)))
        found = self._read(f"kind = ? AND match {self._database.is_among} AND record_id IS NOT NULL", kind, listed)
        return {link.match: link for link in found if link.match}

    def refused(self, search_id: str) -> list[Link]:
        return self._read("prospect_search_id = ? AND reason IS NOT NULL ORDER BY kind, company_id, id", search_id)

    def save(self, links: Iterable[Link]) -> None:
        marks = ", ".join("?" * len(_COLUMNS))
        changes = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in _KEY)
        statement = f"INSERT INTO {LINKS} ({', '.join(_COLUMNS)}) VALUES ({marks}) ON CONFLICT DO UPDATE SET {changes}"
        with self._transaction():
            for link in links:
                self._database.execute(statement, *_row(link))

    def forget(self, links: Iterable[Link]) -> None:
        condition = " AND ".join(f"{name} = ?" for name in _KEY)
        with self._transaction():
            for link in links:
                self._database.execute(f"DELETE FROM {LINKS} WHERE {condition}", link.kind, link.search_id, link.company_id, link.id)

    def without_row(self, kind: Kind, search_id: str, table: str, company_column: str) -> list[Link]:
        """What is linked, but no longer in a table of the mirror."""
        same = f"t.prospect_search_id = l.prospect_search_id AND t.{company_column} = l.company_id AND t.id = l.id"
        return self._read(f"kind = ? AND prospect_search_id = ? AND NOT EXISTS (SELECT 1 FROM {table} t WHERE {same})", kind, search_id)

    def _read(self, condition: str, *values: object) -> list[Link]:
        return [_link(row) for row in self._database.query(f"SELECT {', '.join(_COLUMNS)} FROM {LINKS} l WHERE {condition}", *values)]

    def _transaction(self) -> AbstractContextManager[None]:
        return self._database.transaction()


def _link(row: tuple[Any, ...]) -> Link:
    kind, search_id, company_id, key, record_id, is_created, applied, written, match, reason, tried, tried_at = row
    return Link(
        kind=Kind(kind),
        search_id=search_id,
        company_id=company_id,
        id=key,
        record_id=record_id,
        is_created=bool(is_created),
        applied=applied,
        written=msgspec.json.decode(written),
        match=match,
        reason=reason,
        tried=tried,
        tried_at=tried_at,
    )


def _row(link: Link) -> tuple[object, ...]:
    return (
        link.kind,
        link.search_id,
        link.company_id,
        link.id,
        link.record_id,
        link.is_created,
        link.applied,
        msgspec.json.encode(link.written).decode(),
        link.match,
        link.reason,
        link.tried,
        link.tried_at,
    )
