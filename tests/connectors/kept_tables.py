"""What a tool that never deletes keeps of a feed: two tables, and over them the SQL of the page, read out of it as it stands there."""

import re
import sqlite3
from collections.abc import Mapping
from typing import Any

from tests.connectors.environments import ROOT
from tests.connectors.feed import COMPANY_FIELDS, PERSON_FIELDS, Rows

_KEYS = {"companies": ("prospect_search_id", "id"), "prospects": ("prospect_search_id", "company_id", "id")}
_COLUMNS = {
    "companies": ("prospect_search_id", *COMPANY_FIELDS, "removed_at"),
    "prospects": ("prospect_search_id", "company_id", *PERSON_FIELDS, "delivered_at"),
}
_VIEWS, _DELETE = re.findall(r"```sql\n(.*?)```", (ROOT / "docs/reference/connectors.md").read_text(encoding="utf-8"), re.DOTALL)
EMAIL = 1 + PERSON_FIELDS.index("email")  # Its place in a row of people.


class KeptTables:
    """The last record of a key takes the place of the one before."""

    def __init__(self) -> None:
        self._database = sqlite3.connect(":memory:", isolation_level=None)
        for table, columns in _COLUMNS.items():
            self._database.execute(f"CREATE TABLE {table} ({', '.join(columns)}, PRIMARY KEY ({', '.join(_KEYS[table])}))")
        self._database.executescript(_VIEWS)

    def take(self, table: str, record: Mapping[str, Any]) -> None:
        columns = _COLUMNS[table]
        marks = ", ".join("?" * len(columns))
        self._database.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", [record.get(name) for name in columns])

    def clean(self) -> None:
        """As the page says to."""
        self._database.execute(_DELETE)

    def companies(self) -> Rows:
        """Live ones, as the page says to see them; so are people."""
        return self._rows("live_companies", COMPANY_FIELDS)

    def people(self) -> Rows:
        return self._rows("live_prospects", ("company_id", *PERSON_FIELDS))

    def all_companies(self) -> Rows:
        return self._rows("companies", ("source_id", "removed_at"))

    def all_people(self) -> Rows:
        return self._rows("prospects", ("company_id", *PERSON_FIELDS))

    def _rows(self, table: str, columns: tuple[str, ...]) -> Rows:
        return sorted(self._database.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall())
