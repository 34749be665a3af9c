"""What a SQL database brings along to become a destination. What is written, and when, stands in `sql.py`."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from openprospect.sync.destinations.columns import Column, Kind
from openprospect.sync.destinations.frames import Frame


class Database(Protocol):
    """An open connection, and the dialect spoken over it. Statements bind with `?`."""

    @property
    def name(self) -> str:
        """What messages call the database; no password."""

    @property
    def way_out(self) -> str:
        """How to choose another place in it or beside it, for messages."""

    @property
    def types(self) -> Mapping[Kind, str]: ...

    @property
    def moment_type(self) -> str: ...

    @property
    def has_indexes(self) -> bool:
        """Whether keys are looked up through an index, rather than by scanning columns."""

    @property
    def is_among(self) -> str:
        """The condition that a value is one of a bound `id_list`."""

    def transaction(self) -> AbstractContextManager[None]:
        """Commits at the end, rolls back on an error. Driver errors leave as `SyncError`."""

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]: ...

    def execute(self, statement: str, *values: object) -> int:
        """Run a statement; the number of rows that it touched."""

    def id_list(self, ids: list[str]) -> object:
        """Ids as one bound value."""

    def tables(self) -> dict[str, set[str]]:
        """Tables and views in the place of ours, with their columns; all casefolded."""

    def retype(self, table: str, old: Column, new: Column) -> None:
        """Widen a column and keep what it holds."""

    def upsert(self, table: str, frame: Frame) -> None:
        """Write rows whose key is (prospect_search_id, id); other columns of the table keep their values."""

    def append(self, table: str, frame: Frame) -> None: ...

    def note_removal(self) -> None:
        """In a transaction that takes out or replaces rows, which `clear` then has to know of, in this run or the next."""

    def clear(self) -> None:
        """Leave no bytes of rows that are gone in the database's own files, as far as that is in its hand. Between transactions."""

    def close(self) -> None: ...


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def listed(names: Mapping[str, object]) -> str:
    return ", ".join(quoted(name) for name in names)
