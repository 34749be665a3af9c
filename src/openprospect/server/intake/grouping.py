"""Rows of one company brought together wherever they stand in a file, and companies that stand in it twice.

Both are kept in temporary SQLite databases that delete themselves, so that memory does not grow with the file.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec

from openprospect.server.core.errors import Fault
from openprospect.server.feed.model import CompanyRow
from openprospect.server.feed.rows.hashes import identity_of

_BATCH = 500


def temporary_database(schema: str) -> sqlite3.Connection:
    """A private database on disk. Used by one thread at a time, though not always by the same."""
    database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    # Nothing in it outlives the process: no journal, no waiting for the disk.
    database.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8000; {schema}; BEGIN")
    return database


class Grouping:
    """Rows of a table, given back company by company in the order of first appearance."""

    def __init__(self) -> None:
        self._database = temporary_database(
            """
            CREATE TABLE company (key BLOB PRIMARY KEY, first_line INTEGER) WITHOUT ROWID;
            CREATE TABLE line (key BLOB, line INTEGER, cells BLOB)
            """
        )
        self._waiting: list[tuple[bytes, int, bytes]] = []
        self._rows = 0
        self._given_back = 0

    def add(self, line: int, cells: list[Any], *, key: bytes) -> None:
        """Raises UnicodeEncodeError where a cell holds half characters."""
        self._waiting.append((key, line, msgspec.json.encode(cells)))
        self._rows += 1
        if len(self._waiting) >= _BATCH:
            self._flush()

    def companies(self) -> Iterator[Iterator[tuple[int, list[Any]]]]:
        """The rows of each company, in the order of the file."""
        self._flush()
        found = self._database.execute("SELECT first_line, line, cells FROM line JOIN company USING (key) ORDER BY first_line, line")
        for _, rows in groupby(found, key=itemgetter(0)):
            yield self._cells(rows)

    def fraction(self) -> float:
        """How many of the rows were given back, from 0 to 1."""
        return self._given_back / self._rows if self._rows else 1.0

    def close(self) -> None:
        self._database.close()

    def _cells(self, rows: Iterator[tuple[int, int, bytes]]) -> Iterator[tuple[int, list[Any]]]:
        for _, line, cells in rows:
            self._given_back += 1
            yield line, msgspec.json.decode(cells)

    def _flush(self) -> None:
        self._database.executemany("INSERT OR IGNORE INTO company VALUES (?, ?)", ((key, line) for key, line, _ in self._waiting))
        self._database.executemany("INSERT INTO line VALUES (?, ?, ?)", self._waiting)
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
