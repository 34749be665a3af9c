"""One Iceberg table: rows read, counted and deleted, each deletion one snapshot."""

from typing import Any

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.expressions import And, BooleanExpression, EqualTo, In, LessThan
from pyiceberg.table import Table

from openprospect.sync.destinations.dlt.rows import RUN
from openprospect.sync.errors import TryLater


class Rows:
    def __init__(self, table: Table) -> None:
        self._table = table

    def rows(self) -> list[dict[str, Any]]:
        return list(self._table.scan().to_arrow().to_pylist())

    def delete(self, search_id: str, column: str, ids: list[str]) -> int:
        return self._delete(search_id, In(column, set(ids)))

    def delete_before(self, search_id: str, run: int) -> int:
        return self._delete(search_id, LessThan(RUN, run))

    def count(self, search_id: str) -> int:
        return int(self._table.scan(row_filter=EqualTo("prospect_search_id", search_id)).count())

    def _delete(self, search_id: str, condition: BooleanExpression) -> int:
        whole = And(EqualTo("prospect_search_id", search_id), condition)
        found = int(self._table.scan(row_filter=whole).count())
        if found:  # pyiceberg warns of a deletion that finds nothing
            try:
                self._table.delete(whole)
            except CommitFailedException as error:
                raise TryLater(f"The Iceberg table {self._table.location()} took no deletion: {error}") from error
        return found
