"""What we know of the CRM's records: whether we made them, and what we wrote there; known before the CRM is told to.

The caller owns the transaction.
"""

# ruff: noqa: S608 - statements are made of our own text; values are always bound

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from openprospect.sync.destinations.crm.links import LINKS, Link
from openprospect.sync.destinations.crm.mapping import Digests, Values, digests, joined
from openprospect.sync.destinations.crm.protocol import Kind, Record
from openprospect.sync.destinations.database import Database

RECORDS, MAKINGS = "openprospect_crm_records", "openprospect_crm_makings"
_TABLES = {
    RECORDS: "kind TEXT NOT NULL, record_id TEXT NOT NULL, is_created INTEGER, written TEXT NOT NULL, PRIMARY KEY (kind, record_id)",
    MAKINGS: "kind TEXT NOT NULL, external_id TEXT NOT NULL, written TEXT NOT NULL, PRIMARY KEY (kind, external_id)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One record, whoever is linked to it.

    `is_created`: we made it; None where that is lost: it carries our id, and nothing tells how it came there. `written`:
    by field, digests of what we wrote or were about to write; the one that the field holds is what counts.
    """

    kind: Kind
    record_id: str
    is_created: bool | None = False
    written: Digests = field(default_factory=dict)

    def intending(self, values: Values) -> "Known":
        """While it is not known whether these values arrive, either may be there."""
        return replace(self, written=joined(self.written, digests(values)))

    def having(self, values: Values) -> "Known":
        return replace(self, written={**self.written, **digests(values)})

    def merged_with(self, other: "Known") -> "Known":
        """One record made of two: ours only if both were."""
        made = None if None in (self.is_created, other.is_created) else self.is_created and other.is_created
        return replace(self, is_created=made, written=joined(self.written, other.written))


class Records:
    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self) -> None:
        for table, columns in _TABLES.items():
            self._database.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")

    def known(self, kind: Kind, found: Sequence[tuple[Link, Record]]) -> list[Known]:
        """What is known of each record, found for the link beside it; also through records that it took the place of."""
        rows = self._rows(kind, {key for link, record in found for key in _former_ids(link, record) | {record.id}})
        makings = self._makings(kind, {record.external_id for _, record in found if record.external_id})
        return [_known(kind, link, record, rows, makings) for link, record in found]

    def created(self, kind: Kind, record_ids: set[str]) -> set[str]:
        """Those that we made."""
        return {record_id for record_id, known in self._rows(kind, record_ids).items() if known.is_created}

    def written_fields(self, kind: Kind, links: Sequence[Link]) -> set[str]:
        """Every field that we wrote, under whatever mapping, into a record of theirs."""
        rows = self._rows(kind, {link.record_id for link in links if link.record_id}).values()
        makings = self._makings(kind, {link.id for link in links}).values()
        return {name for written in (*(row.written for row in rows), *makings) for name in written}

    def save(self, records: Iterable[Known]) -> None:
        for one in records:
            values = (one.kind, one.record_id, one.is_created, _encoded(one.written))
            self._database.execute(f"INSERT OR REPLACE INTO {RECORDS} VALUES (?, ?, ?, ?)", *values)

    def make(self, kind: Kind, makings: Mapping[str, Values]) -> None:
        """Remember what is about to be made, by our id: what the CRM then has under it is ours."""
        for external_id, values in makings.items():
            self._database.execute(f"INSERT OR REPLACE INTO {MAKINGS} VALUES (?, ?, ?)", kind, external_id, _encoded(digests(values)))

    def made(self, kind: Kind, external_ids: Iterable[str]) -> None:
        """They are records now, or nobody waits for them to be."""
        for external_id in external_ids:
            self._database.execute(f"DELETE FROM {MAKINGS} WHERE kind = ? AND external_id = ?", kind, external_id)

    def forget(self, kind: Kind, record_ids: Iterable[str]) -> None:
        """Records that nobody is linked to."""
        free = f"NOT EXISTS (SELECT 1 FROM {LINKS} l WHERE l.kind = {RECORDS}.kind AND l.record_id = {RECORDS}.record_id)"
        for record_id in record_ids:
            self._database.execute(f"DELETE FROM {RECORDS} WHERE kind = ? AND record_id = ? AND {free}", kind, record_id)

    def _rows(self, kind: Kind, record_ids: set[str]) -> dict[str, Known]:
        statement = f"SELECT record_id, is_created, written FROM {RECORDS} WHERE kind = ? AND record_id {self._database.is_among}"
        rows = self._database.query(statement, kind, self._database.id_list(sorted(record_ids)))
        return {
            record_id: Known(kind=kind, record_id=record_id, is_created=None if made is None else bool(made), written=_decoded(written))
            for record_id, made, written in rows
        }

    def _makings(self, kind: Kind, external_ids: set[str]) -> dict[str, Digests]:
        statement = f"SELECT external_id, written FROM {MAKINGS} WHERE kind = ? AND external_id {self._database.is_among}"
        rows = self._database.query(statement, kind, self._database.id_list(sorted(external_ids)))
        return {external_id: _decoded(written) for external_id, written in rows}


def _former_ids(link: Link, record: Record) -> set[str]:
    """Records that this one took the place of: by a merge, or because ours was deleted by hand."""
    return {*record.former_ids, *([link.record_id] if link.record_id else [])} - {record.id}


def _known(kind: Kind, link: Link, record: Record, rows: Mapping[str, Known], makings: Mapping[str, Digests]) -> Known:
    formers = [rows[key] for key in sorted(_former_ids(link, record)) if key in rows]
    known = rows.get(record.id)
    if known is None and record.external_id in makings:
        known = Known(kind=kind, record_id=record.id, is_created=True, written=makings[record.external_id or ""])
    if known is None:
        known = Known(kind=kind, record_id=record.id, is_created=None if record.external_id and not formers else False)
    for former in formers:
        known = known.merged_with(former)
    return known


def _encoded(written: Digests) -> str:
    return msgspec.json.encode(written).decode()


def _decoded(written: str) -> Digests:
    return msgspec.json.decode(written, type=dict[str, tuple[str, ...]])
