"""Which delivered company or person is which record, and why a row was refused: the outcome log. The caller owns the transaction."""

# ruff: noqa: S608 - statements are made of our own text; values are always bound

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from openprospect.sync.destinations.base import Refusal
from openprospect.sync.destinations.crm.protocol import Kind
from openprospect.sync.destinations.database import Database
from openprospect.sync.stamps import now_text

LINKS = "openprospect_crm_links"
_KEY = ("kind", "prospect_search_id", "company_id", "id")
COLUMNS = (*_KEY, "record_id", "company", "applied", "match", "reason", "tried", "tried_at")
_TABLE = f"""
CREATE TABLE IF NOT EXISTS {LINKS} (
    kind TEXT NOT NULL, prospect_search_id TEXT NOT NULL, company_id TEXT NOT NULL, id TEXT NOT NULL,
    record_id TEXT, company TEXT, applied TEXT, match TEXT, reason TEXT, tried TEXT, tried_at TEXT,
    PRIMARY KEY ({", ".join(_KEY)})
)"""
_INDEXES = tuple(f"CREATE INDEX IF NOT EXISTS {LINKS}_{column} ON {LINKS} (kind, {column})" for column in ("record_id", "match"))


DUE_AGAIN = ""
"""Stands for a delivery that the CRM has, and which is to be brought there once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One delivered company (`id` is `company_id`) or person.

    `company`: the record of the company that the contact was associated with through this link. `applied`: which delivery
    of it, under which mapping, the CRM has. `tried`: the attempt that was refused last.
    """

    kind: Kind
    search_id: str
    company_id: str
    id: str
    record_id: str | None = None
    company: str | None = None
    applied: str | None = None
    match: str | None = None
    reason: str | None = None
    tried: str | None = None
    tried_at: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.company_id, self.id

    @property
    def place(self) -> tuple[str, str, str]:
        """Its key among the links of all searches."""
        return self.search_id, self.company_id, self.id

    def refused(self, reason: str, attempt: str) -> "Link":
        return replace(self, reason=reason, tried=attempt, tried_at=now_text())

    def done(self, applied: str) -> "Link":
        return replace(self, applied=applied, reason=None, tried=None, tried_at=None)


class Links:
    """The outcome log, in the mirror's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self) -> None:
        for statement in (_TABLE, *_INDEXES):
            self._database.execute(statement)

    def are_there(self) -> bool:
        return LINKS in self._database.tables()

    def among(self, kind: Kind, search_id: str, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Link]:
        """The links of these companies or people, by (company id, id)."""
        companies = self._database.id_list(sorted({company_id for company_id, _ in keys}))
        wanted = set(keys)
        found = self._read(f"kind = ? AND prospect_search_id = ? AND company_id {self._database.is_among}", kind, search_id, companies)
        return {link.key: link for link in found if link.key in wanted}

    def of_records(self, kind: Kind, record_ids: Iterable[str]) -> dict[str, list[Link]]:
        """Everything that is linked to these records, in any search; whoever was linked first stands first."""
        found: dict[str, list[Link]] = {}
        listed = self._database.id_list(sorted(set(record_ids)))
        for link in self._read(f"kind = ? AND record_id {self._database.is_among} ORDER BY rowid", kind, listed):
            found.setdefault(link.record_id or "", []).append(link)
        return found

    def of_matches(self, kind: Kind, matches: Iterable[str]) -> dict[str, Link]:
        """A link to a record for each domain or e-mail that we know one of."""
        listed = self._database.id_list(sorted(set(matches)))
        found = self._read(f"kind = ? AND match {self._database.is_among} AND record_id IS NOT NULL", kind, listed)
        return {link.match: link for link in found if link.match}

    def latest(self, kind: Kind, most: int) -> list[Link]:
        """Some of those that the CRM has, the newest first."""
        return self._read("kind = ? AND record_id IS NOT NULL AND applied IS NOT NULL ORDER BY rowid DESC LIMIT ?", kind, most)

    def refused(self, search_id: str) -> list[Refusal]:
        """Also of a log that an earlier version wrote."""
        rows = self._database.query(
            f"SELECT kind, company_id, id, reason, tried_at FROM {LINKS} WHERE prospect_search_id = ? AND reason IS NOT NULL"
            " ORDER BY kind, company_id, id",
            search_id,
        )
        return [Refusal(kind=kind, company_id=company, id=key, reason=reason, tried_at=at) for kind, company, key, reason, at in rows]

    def save(self, links: Iterable[Link]) -> None:
        marks = ", ".join("?" * len(COLUMNS))
        changes = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name not in _KEY)
        statement = f"INSERT INTO {LINKS} ({', '.join(COLUMNS)}) VALUES ({marks}) ON CONFLICT DO UPDATE SET {changes}"
        for link in links:
            self._database.execute(statement, *_row(link))

    def forget(self, links: Iterable[Link]) -> None:
        condition = " AND ".join(f"{name} = ?" for name in _KEY)
        for link in links:
            self._database.execute(f"DELETE FROM {LINKS} WHERE {condition}", link.kind, *link.place)

    def without_row(self, kind: Kind, search_id: str, table: str, company_column: str) -> list[Link]:
        """What is linked, but no longer in a table of the mirror."""
        row = _row_of(table, company_column)
        return self._read(f"kind = ? AND prospect_search_id = ? AND NOT EXISTS ({row})", kind, search_id)

    def with_row(self, kind: Kind, record_ids: Iterable[str], table: str, company_column: str) -> list[Link]:
        """What is linked to these records, and in a table of the mirror; whoever was linked first stands first."""
        listed = self._database.id_list(sorted(set(record_ids)))
        row = _row_of(table, company_column)
        return self._read(f"kind = ? AND record_id {self._database.is_among} AND EXISTS ({row}) ORDER BY rowid", kind, listed)

    def _read(self, condition: str, *values: object) -> list[Link]:
        return [_link(row) for row in self._database.query(f"SELECT {', '.join(COLUMNS)} FROM {LINKS} l WHERE {condition}", *values)]


def _row_of(table: str, company_column: str) -> str:
    return (
        f"SELECT 1 FROM {table} t WHERE t.prospect_search_id = l.prospect_search_id AND t.{company_column} = l.company_id AND t.id = l.id"
    )


def _link(row: tuple[Any, ...]) -> Link:
    kind, search_id, company_id, key, record_id, company, applied, match, reason, tried, tried_at = row
    return Link(
        kind=Kind(kind),
        search_id=search_id,
        company_id=company_id,
        id=key,
        record_id=record_id,
        company=company,
        applied=applied,
        match=match,
        reason=reason,
        tried=tried,
        tried_at=tried_at,
    )


def _row(link: Link) -> tuple[object, ...]:
    return (
        link.kind,
        *link.place,
        link.record_id,
        link.company,
        link.applied,
        link.match,
        link.reason,
        link.tried,
        link.tried_at,
    )
