"""One Delta table: rows read, counted and deleted, each deletion one commit."""

from typing import Any

import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from openprospect.sync.destinations.dlt.rows import RUN
from openprospect.sync.errors import TryLater


class Rows:
    def __init__(self, table: DeltaTable) -> None:
        self._table = table

    def rows(self) -> list[dict[str, Any]]:
        return self._table.to_pyarrow_table().to_pylist()

    def delete(self, search_id: str, column: str, ids: list[str]) -> int:
        return self._delete(search_id, f"{column} IN ({', '.join(map(_literal, ids))})")

    def delete_before(self, search_id: str, run: int) -> int:
        return self._delete(search_id, f"{RUN} < {run}")

    def count(self, search_id: str) -> int:
        return self._table.to_pyarrow_dataset().count_rows(filter=pc.field("prospect_search_id") == search_id)

    def _delete(self, search_id: str, condition: str) -> int:
        try:
            metrics = self._table.delete(f"prospect_search_id = {_literal(search_id)} AND {condition}")
        except DeltaError as error:
            raise TryLater(f"The Delta table {self._table.table_uri} took no deletion: {error}") from error
        return int(metrics["num_deleted_rows"])


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
