"""Rows of one company brought together wherever they stand in a file, and companies that stand in it twice.

A row is of the company that the best of its keys names. One whose best key is a weaker one of a single company's other rows, such as a row
that lacks the id, is of that company too; one that may be of several is of none.

Both are kept in temporary SQLite databases that delete themselves, so that memory does not grow with the file.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import msgspec

from openprospect.server.core.errors import Fault
from openprospect.server.feed.model import CompanyRow
from openprospect.server.feed.rows.company_keys import company_key
from openprospect.server.intake.formats.source import TableRow
from openprospect.server.intake.keys import Key, Kind

_BATCH = 500
_encoded = msgspec.json.encode
_decode = msgspec.json.Decoder(TableRow).decode


def temporary_database(schema: str) -> sqlite3.Connection:
    """A private database on disk. Used by one thread at a time, though not always by the same."""
    database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    # Nothing in it outlives the process: no journal, no waiting for the disk.
    database.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8000; {schema}; BEGIN")
    return database


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one company, in the order of the file.

    `rivals`: where the companies begin that they may as well be of, if several. `is_whole`: whether no row elsewhere may be of it.
    """

    rows: Iterator[TableRow]
    rivals: Sequence[int]
    is_whole: bool


class Grouping:
    """Rows of a table, given back company by company in the order of first appearance."""

    def __init__(self) -> None:
        self._database = temporary_database(
            """
            CREATE TABLE company (key BLOB PRIMARY KEY, kind INTEGER, first_line INTEGER) WITHOUT ROWID;
            CREATE TABLE alias (weaker BLOB, key BLOB, PRIMARY KEY (weaker, key)) WITHOUT ROWID;
            CREATE TABLE second (second BLOB, key BLOB, PRIMARY KEY (second, key)) WITHOUT ROWID;
            CREATE TABLE line (key BLOB, line INTEGER, row BLOB)
            """
        )
        self._waiting: list[tuple[Key, int, bytes]] = []
        self._seconds: list[tuple[bytes, bytes]] = []
        self._kinds: set[Kind] = set()
        self._rows = 0
        self._given_back = 0

    def add(self, row: TableRow, keys: Iterator[Key]) -> Kind:
        """A row with its keys, the best first; what that is. Raises UnicodeEncodeError where a cell holds half characters."""
        best = next(keys)
        self._waiting.append((best, row.line, _encoded(row)))
        if best[0] is Kind.ID:
            self._seconds.append((next(keys)[1], best[1]))
        self._kinds.add(best[0])
        self._rows += 1
        if len(self._waiting) >= _BATCH:
            self._flush()
        return best[0]

    def companies(self, keys_of: Callable[[TableRow], Iterator[Key]]) -> Iterator[Group]:
        """The rows of each company; `keys_of` tells all keys of a row, the best first."""
        self._flush()
        disputed = self._find_doubles()
        rivals = self._find_owners(keys_of, disputed) if len(self._kinds - {Kind.LINE}) > 1 else {}
        found = self._database.execute("SELECT first_line, row FROM line JOIN company USING (key) ORDER BY first_line, line")
        for first_line, rows in groupby(found, key=itemgetter(0)):
            yield Group(self._decoded(rows), rivals.get(first_line, ()), first_line not in disputed)

    def fraction(self) -> float:
        """How many of the rows were given back, from 0 to 1."""
        return self._given_back / self._rows if self._rows else 1.0

    def close(self) -> None:
        self._database.close()

    def _find_doubles(self) -> set[int]:
        """Where companies begin that have another id each, and all else that they are known by in common."""
        found = self._database.execute(
            """
            SELECT first_line FROM company WHERE key IN (
                SELECT key FROM second WHERE second IN (SELECT second FROM second GROUP BY second HAVING count(*) > 1)
            )
            """
        )
        return {first_line for (first_line,) in found}

    def _find_owners(self, keys_of: Callable[[TableRow], Iterator[Key]], disputed: set[int]) -> dict[int, Sequence[int]]:
        """Let rows join whose company they can only be of; where companies begin that have rivals, with where these begin.

        The rivals become `disputed`. Looks at every row again, and so is for files alone in which rows differ in what they are known by.
        """
        for (row,) in self._database.execute("SELECT row FROM line"):
            (_, best), *weaker = keys_of(_decode(row))
            self._database.executemany("INSERT OR IGNORE INTO alias VALUES (?, ?)", ((key, best) for _, key in weaker))
        rivals: dict[int, Sequence[int]] = {}
        for kind in (Kind.SOURCE_ID, Kind.WEBSITE_URL, Kind.NAME):
            found = self._database.execute(
                """
                SELECT company.key, company.first_line, json_group_array(DISTINCT better.first_line)
                FROM company JOIN alias ON alias.weaker = company.key JOIN company AS better ON better.key = alias.key
                WHERE company.kind = ? GROUP BY company.key
                """,
                (kind,),
            ).fetchall()
            for key, first_line, owners in found:
                lines = msgspec.json.decode(owners, type=list[int])
                if len(lines) > 1:
                    rivals[first_line] = sorted(lines)[:2]
                    disputed.update(lines)
                else:
                    self._database.execute("UPDATE company SET first_line = ? WHERE key = ?", (lines[0], key))
        return rivals

    def _decoded(self, rows: Iterator[tuple[int, bytes]]) -> Iterator[TableRow]:
        for _, row in rows:
            self._given_back += 1
            yield _decode(row)

    def _flush(self) -> None:
        companies = ((key, kind, line) for (kind, key), line, _ in self._waiting)
        self._database.executemany("INSERT OR IGNORE INTO company VALUES (?, ?, ?)", companies)
        self._database.executemany("INSERT INTO line VALUES (?, ?, ?)", ((key, line, row) for (_, key), line, row in self._waiting))
        self._database.executemany("INSERT OR IGNORE INTO second VALUES (?, ?)", self._seconds)
        self._waiting.clear()
        self._seconds.clear()


class Companies:
    """The companies of a file that were met so far, known by what the feed will know them by."""

    def __init__(self) -> None:
        self._database = temporary_database("CREATE TABLE seen (key BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID")

    def clash(self, row: CompanyRow, line: int) -> Fault | None:
        """A fault where the company stood in the file before; else it is remembered."""
        best = company_key(row)
        keys = [(best.field, best.digest), *([("id", row.id.bytes)] if row.id else [])]
        for field, key in keys:
            with closing(self._database.execute("SELECT line FROM seen WHERE key = ?", (key,))) as found:
                earlier = found.fetchone()
            if earlier:
                return Fault(
                    field=field, reason=f"the same company as in line {earlier[0]}; put all of a company into one line, or under one id"
                )
        self._database.executemany("INSERT INTO seen VALUES (?, ?)", ((key, line) for _, key in keys))
        return None

    def close(self) -> None:
        self._database.close()
