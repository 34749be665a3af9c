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
from typing import Any

import msgspec

from openprospect.server.core.errors import Fault
from openprospect.server.feed.model import CompanyRow
from openprospect.server.feed.rows.hashes import identity_of
from openprospect.server.intake.keys import Key, Kind

_BATCH = 500


def temporary_database(schema: str) -> sqlite3.Connection:
    """A private database on disk. Used by one thread at a time, though not always by the same."""
    database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    # Nothing in it outlives the process: no journal, no waiting for the disk.
    database.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8000; {schema}; BEGIN")
    return database


Line = tuple[int, list[Any]]


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one company, in the order of the file. `rivals`: where the companies begin that they may as well be of, if several."""

    rows: Iterator[Line]
    rivals: Sequence[int]


class Grouping:
    """Rows of a table, given back company by company in the order of first appearance."""

    def __init__(self) -> None:
        self._database = temporary_database(
            """
            CREATE TABLE company (key BLOB PRIMARY KEY, kind INTEGER, first_line INTEGER) WITHOUT ROWID;
            CREATE TABLE alias (weaker BLOB, key BLOB, PRIMARY KEY (weaker, key)) WITHOUT ROWID;
            CREATE TABLE line (key BLOB, line INTEGER, cells BLOB)
            """
        )
        self._waiting: list[tuple[Key, int, bytes]] = []
        self._kinds: set[Kind] = set()
        self._rows = 0
        self._given_back = 0

    def add(self, line: int, cells: list[Any], *, key: Key) -> None:
        """A row with the best of its keys. Raises UnicodeEncodeError where a cell holds half characters."""
        self._waiting.append((key, line, msgspec.json.encode(cells)))
        self._kinds.add(key[0])
        self._rows += 1
        if len(self._waiting) >= _BATCH:
            self._flush()

    def companies(self, keys_of: Callable[[int, list[Any]], Sequence[Key]]) -> Iterator[Group]:
        """The rows of each company; `keys_of` tells all keys of a row, the best first."""
        self._flush()
        rivals = self._find_owners(keys_of) if len(self._kinds - {Kind.LINE}) > 1 else {}
        found = self._database.execute("SELECT first_line, line, cells FROM line JOIN company USING (key) ORDER BY first_line, line")
        for first_line, rows in groupby(found, key=itemgetter(0)):
            yield Group(self._cells(rows), rivals.get(first_line, ()))

    def fraction(self) -> float:
        """How many of the rows were given back, from 0 to 1."""
        return self._given_back / self._rows if self._rows else 1.0

    def close(self) -> None:
        self._database.close()

    def _find_owners(self, keys_of: Callable[[int, list[Any]], Sequence[Key]]) -> dict[int, Sequence[int]]:
        """Let rows join whose company they can only be of; where companies begin that have rivals, with where these begin.

        Looks at every row again, and so is for files alone in which rows differ in what they are known by.
        """
        for line, cells in self._database.execute("SELECT line, cells FROM line"):
            (_, best), *weaker = keys_of(line, msgspec.json.decode(cells))
            self._database.executemany("INSERT OR IGNORE INTO alias VALUES (?, ?)", ((key, best) for _, key in weaker))
        rivals: dict[int, Sequence[int]] = {}
        for kind in (Kind.SOURCE_ID, Kind.HOST, Kind.NAME):
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
                else:
                    self._database.execute("UPDATE company SET first_line = ? WHERE key = ?", (lines[0], key))
        return rivals

    def _cells(self, rows: Iterator[tuple[int, int, bytes, bytes, int]]) -> Iterator[Line]:
        for _, line, cells, *_ in rows:
            self._given_back += 1
            yield line, msgspec.json.decode(cells)

    def _flush(self) -> None:
        companies = ((key, kind, line) for (kind, key), line, _ in self._waiting)
        self._database.executemany("INSERT OR IGNORE INTO company VALUES (?, ?, ?)", companies)
        self._database.executemany("INSERT INTO line VALUES (?, ?, ?)", ((key, line, cells) for (_, key), line, cells in self._waiting))
        self._waiting.clear()


class Companies:
    """The companies of a file that were met so far, known by what the feed will know them by."""

    def __init__(self) -> None:
        self._database = temporary_database("CREATE TABLE seen (key BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID")

    def clash(self, row: CompanyRow, line: int) -> Fault | None:
        """A fault where the company stood in the file before; else it is remembered."""
        keys = _keys(row)
        for field, key in keys.items():
            with closing(self._database.execute("SELECT line FROM seen WHERE key = ?", (key,))) as found:
                earlier = found.fetchone()
            if earlier:
                return Fault(
                    field=field, reason=f"the same company as in line {earlier[0]}; put all of a company into one line, or under one id"
                )
        self._database.executemany("INSERT INTO seen VALUES (?, ?)", ((key, line) for key in keys.values()))
        return None

    def close(self) -> None:
        self._database.close()


def _keys(row: CompanyRow) -> dict[str, bytes]:
    field = "source_id" if row.source_id else "website_url" if row.website_url else "name"
    keys = {field: identity_of(source_id=row.source_id, website_url=row.website_url, name=row.name)}
    return keys | {"id": row.id.bytes} if row.id else keys
