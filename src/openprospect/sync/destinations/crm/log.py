"""The log of a CRM in its mirror's file: links and records together, also where an earlier version kept both in one table."""

# ruff: noqa: S608 - statements are made of our own text; values are always bound

from contextlib import AbstractContextManager

import msgspec

from openprospect.sync.destinations.crm.links import COLUMNS, LINKS, Links
from openprospect.sync.destinations.crm.mapping import joined
from openprospect.sync.destinations.crm.protocol import Kind
from openprospect.sync.destinations.crm.records import MAKINGS, Known, Records
from openprospect.sync.destinations.database import Database

_FORMER = f"{LINKS}_former"


class Log:
    def __init__(self, database: Database) -> None:
        self._database = database
        self.links = Links(database)
        self.records = Records(database)

    def create(self) -> None:
        """The tables, or those of an earlier version in today's form. The caller owns the transaction."""
        is_former = "written" in self._database.tables().get(LINKS, ())
        if is_former:
            self._database.execute(f"ALTER TABLE {LINKS} RENAME TO {_FORMER}")
            for column in ("record_id", "match"):
                self._database.execute(f"DROP INDEX {LINKS}_{column}")
        self.links.create()
        self.records.create()
        if is_former:
            self._take_over()

    def transaction(self) -> AbstractContextManager[None]:
        return self._database.transaction()

    def _take_over(self) -> None:
        kept = ", ".join(name for name in COLUMNS if name != "company")
        self._database.execute(f"INSERT INTO {LINKS} ({kept}) SELECT {kept} FROM {_FORMER} ORDER BY rowid")
        self._database.execute(
            f"INSERT OR IGNORE INTO {MAKINGS} SELECT kind, id, '{{}}' FROM {_FORMER} WHERE is_created AND record_id IS NULL"
        )
        known: dict[tuple[str, str], Known] = {}
        for kind, record_id, is_created, written in self._database.query(
            f"SELECT kind, record_id, is_created, written FROM {_FORMER} WHERE record_id IS NOT NULL"
        ):
            digests = {name: (told,) for name, told in msgspec.json.decode(written).items()}
            before = known.get((kind, record_id), Known(kind=Kind(kind), record_id=record_id))
            known[kind, record_id] = Known(
                kind=before.kind,
                record_id=record_id,
                is_created=before.is_created or bool(is_created),
                written=joined(before.written, digests),
            )
        self.records.save(known.values())
        self._database.execute(f"DROP TABLE {_FORMER}")
