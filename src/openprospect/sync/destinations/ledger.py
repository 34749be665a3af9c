"""The destination's own tables: whether they are ours, and how far each search got. The caller owns the transaction."""

# ruff: noqa: S608 - statements are made of our own text and quoted names; values are always bound

import logging

from openprospect.sync.batch import Batch, Source
from openprospect.sync.destinations.base import Checkpoint, Held
from openprospect.sync.destinations.columns import Column, Kind
from openprospect.sync.destinations.database import Database
from openprospect.sync.destinations.frames import COMPANIES, FIXED, PROSPECTS
from openprospect.sync.errors import DestinationRefused
from openprospect.sync.stamps import now_text

log = logging.getLogger("openprospect.sync")

STATE, COLUMNS, STALE = "openprospect_sync_state", "openprospect_sync_columns", "openprospect_sync_stale"
# In place of which an earlier version kept what a full run had seen.
_SEEN = "openprospect_sync_seen"

_OWN = {
    STATE: "prospect_search_id {text} PRIMARY KEY, server {text} NOT NULL, instance {text}, delivered_until {text},"
    " full_run {boolean} NOT NULL, full_until {text}, synced_at {text}",
    COLUMNS: "table_name {text} NOT NULL, attribute {text}, column_name {text} NOT NULL, kind {text} NOT NULL",
    STALE: "prospect_search_id {text} NOT NULL, id {text} NOT NULL",
}
_STALE_INDEX = f"CREATE INDEX {STALE}_key ON {STALE} (prospect_search_id, id)"
_INDEXES = (
    f"CREATE UNIQUE INDEX openprospect_companies_key ON {COMPANIES} (prospect_search_id, id)",
    f"CREATE INDEX openprospect_prospects_company ON {PROSPECTS} (prospect_search_id, company_id)",
    _STALE_INDEX,
)
_STORED = f"SELECT prospect_search_id, id FROM {COMPANIES} UNION SELECT prospect_search_id, company_id FROM {PROSPECTS}"


class Ledger:
    """Tables and checkpoints in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self) -> None:
        """Create the tables, or recognise them. Raises `DestinationRefused` where they are somebody else's, or incomplete."""
        tables = self._database.tables()
        if STATE in tables:
            if _SEEN in tables and STALE not in tables:
                self._take_over()
                tables = self._database.tables()
            self._refuse_incomplete(tables)
            self._heal(tables)
            return
        self._refuse_foreign(tables)
        for table, columns in FIXED.items():
            self._database.execute(f"CREATE TABLE {table} ({', '.join(self._definition(column) for column in columns)})")
        for table in _OWN:
            self._create(table)
        for statement in _INDEXES if self._database.has_indexes else ():
            self._database.execute(statement)

    def checkpoint(self, search_id: str) -> Checkpoint | None:
        rows = self._database.query(
            f"SELECT server, instance, delivered_until, full_run, full_until FROM {STATE} WHERE prospect_search_id = ?", search_id
        )
        if not rows:
            return None
        server, instance, delivered_until, full_run, full_until = rows[0]
        source = Source(server=server, instance=instance)
        return Checkpoint(source=source, delivered_until=delivered_until, full_run=bool(full_run), full_until=full_until)

    def begin_full(self, search_id: str, source: Source) -> bool:
        """Everything that is stored is stale, until the full run has come across it: people whose company's row is missing, too.

        Answers whether anything is.
        """
        self.forget_stale(search_id)
        stored = f"SELECT prospect_search_id, id FROM ({_STORED}) stored WHERE prospect_search_id = ?"
        stale = self._database.execute(f"INSERT INTO {STALE} (prospect_search_id, id) {stored}", search_id)
        self._save(search_id, begun_full(self.checkpoint(search_id), source))
        return stale > 0

    def advance(self, batch: Batch) -> None:
        """Move the checkpoint by what the batch reached."""
        self._save(batch.search_id, advanced(self.checkpoint(batch.search_id), batch))

    def mark_synced(self, search_id: str) -> None:
        """Whatever the feed had is here, and nothing that is gone from it."""
        self._database.execute(f"UPDATE {STATE} SET synced_at = ? WHERE prospect_search_id = ?", now_text(), search_id)

    def forget_stale(self, search_id: str) -> None:
        self._database.execute(f"DELETE FROM {STALE} WHERE prospect_search_id = ?", search_id)

    def columns(self) -> dict[str, dict[str | None, Column]]:
        """The attribute columns of each table, by attribute."""
        known: dict[str, dict[str | None, Column]] = {COMPANIES: {}, PROSPECTS: {}}
        for table, attribute, name, kind in self._database.query(f"SELECT table_name, attribute, column_name, kind FROM {COLUMNS}"):
            known[table][attribute] = Column(attribute=attribute, name=name, kind=Kind(kind))
        return known

    def add_column(self, table: str, column: Column) -> None:
        statement = f"INSERT INTO {COLUMNS} (table_name, attribute, column_name, kind) VALUES (?, ?, ?, ?)"
        self._database.execute(statement, table, column.attribute, column.name, column.kind.value)

    def retype_column(self, table: str, column: Column) -> None:
        statement = f"UPDATE {COLUMNS} SET kind = ? WHERE table_name = ? AND column_name = ?"
        self._database.execute(statement, column.kind.value, table, column.name)

    def held(self) -> list[Held]:
        if STATE not in self._database.tables():
            raise DestinationRefused(f"{self._database.name} holds nothing that `openprospect sync` wrote.")
        rows = self._database.query(
            "SELECT s.prospect_search_id, s.server, s.delivered_until, s.synced_at,"
            f" (SELECT count(*) FROM {COMPANIES} c WHERE c.prospect_search_id = s.prospect_search_id),"
            f" (SELECT count(*) FROM {PROSPECTS} p WHERE p.prospect_search_id = s.prospect_search_id)"
            f" FROM {STATE} s ORDER BY s.prospect_search_id"
        )
        return [
            Held(search_id=search_id, server=server, companies=companies, prospects=prospects, delivered_until=until, synced_at=synced_at)
            for search_id, server, until, synced_at, companies, prospects in rows
        ]

    def _create(self, table: str) -> None:
        types = {kind.value: name for kind, name in self._database.types.items()}
        self._database.execute(f"CREATE TABLE {table} ({_OWN[table].format(**types)})")

    def _take_over(self) -> None:
        """Of a full run that an earlier version has begun, what it has not seen."""
        self._create(STALE)
        if self._database.has_indexes:
            self._database.execute(_STALE_INDEX)
        self._database.execute(
            f"INSERT INTO {STALE} (prospect_search_id, id) SELECT c.prospect_search_id, c.id FROM ({_STORED}) c"
            f" JOIN {STATE} s ON s.prospect_search_id = c.prospect_search_id AND s.full_run"
            f" WHERE NOT EXISTS (SELECT 1 FROM {_SEEN} n WHERE n.prospect_search_id = c.prospect_search_id AND n.id = c.id)"
        )
        self._database.execute(f"DROP TABLE {_SEEN}")

    def _heal(self, tables: dict[str, set[str]]) -> None:
        """What somebody took the column of comes again, and with it what every company had there."""
        lost = [
            (table, column.name)
            for table, columns in self.columns().items()
            for column in columns.values()
            if column.name.casefold() not in tables[table]
        ]
        for table, name in lost:
            log.warning("%s has no column %s.%s any more: everything is read again for it.", self._database.name, table, name)
            self._database.execute(f"DELETE FROM {COLUMNS} WHERE table_name = ? AND column_name = ?", table, name)
        if lost:
            self._database.execute(f"UPDATE {STATE} SET full_run = ?, full_until = NULL", True)

    def _definition(self, column: str) -> str:
        if column == "delivered_at":
            return f"{column} {self._database.moment_type}"
        return f"{column} {self._database.types[Kind.TEXT]}{' NOT NULL' if column in {'id', 'company_id', 'prospect_search_id'} else ''}"

    def _refuse_foreign(self, tables: dict[str, set[str]]) -> None:
        foreign = [table for table in (COMPANIES, PROSPECTS, COLUMNS, STALE) if table in tables]
        if foreign:
            raise DestinationRefused(
                f"{self._database.name} has a table {foreign[0]!r} that `openprospect sync` did not make; it is left alone."
                f" Rename it, or {self._database.way_out}."
            )

    def _refuse_incomplete(self, tables: dict[str, set[str]]) -> None:
        missing = _first([f"table {table}" for table in (*FIXED, COLUMNS, STALE) if table not in tables]) or _first(
            [f"column {table}.{column}" for table, columns in FIXED.items() for column in columns if column not in tables[table]]
        )
        if missing:
            raise DestinationRefused(
                f"{self._database.name} has {STATE}, but no {missing}. To load everything anew, drop the tables"
                f" {', '.join((*FIXED, STATE, COLUMNS, STALE))}; or {self._database.way_out}."
            )

    def _save(self, search_id: str, checkpoint: Checkpoint) -> None:
        self._database.execute(
            f"INSERT INTO {STATE} (prospect_search_id, server, instance, delivered_until, full_run, full_until)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (prospect_search_id) DO UPDATE SET server = excluded.server,"
            " instance = excluded.instance, delivered_until = excluded.delivered_until, full_run = excluded.full_run,"
            " full_until = excluded.full_until",
            search_id,
            checkpoint.source.server,
            checkpoint.source.instance,
            checkpoint.delivered_until,
            checkpoint.full_run,
            checkpoint.full_until,
        )


def advanced(before: Checkpoint | None, batch: Batch) -> Checkpoint:
    """The checkpoint once the batch is written."""
    before = before or Checkpoint(source=batch.source)
    is_full = batch.full and not batch.last
    return Checkpoint(
        source=batch.source,
        delivered_until=before.delivered_until if is_full else batch.until or before.delivered_until,
        full_run=is_full,
        full_until=(batch.until or before.full_until) if is_full else None,
    )


def begun_full(before: Checkpoint | None, source: Source) -> Checkpoint:
    """The checkpoint while a full run has seen nothing yet."""
    kept = before.delivered_until if before and before.source.is_same(source) else None
    return Checkpoint(source=source, delivered_until=kept, full_run=True)


def _first(missing: list[str]) -> str | None:
    return missing[0] if missing else None
