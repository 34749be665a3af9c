"""One Delta table: rows read, counted and deleted, each deletion one commit; and its history, which ends."""

from typing import Any

import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from openprospect.sync.destinations.dlt.rows import RUN
from openprospect.sync.destinations.dlt.settings import LARGE_BYTES, MOST_SMALL_FILES

FAILURES = (DeltaError,)


class Rows:
    def __init__(self, table: DeltaTable, storage: Any) -> None:  # noqa: ARG002 - the other format needs it
        self._table = table

    def rows(self) -> list[dict[str, Any]]:
        return self._table.to_pyarrow_table().to_pylist()

    def delete(self, search_id: str, column: str, ids: list[str]) -> int:
        return self._delete(search_id, f"{column} IN ({', '.join(map(_literal, ids))})")

    def delete_before(self, search_id: str, run: int) -> int:
        return self._delete(search_id, f"{RUN} < {run}")

    def count(self, search_id: str) -> int:
        return self._table.to_pyarrow_dataset().count_rows(filter=pc.field("prospect_search_id") == search_id)

    def tidy(self) -> None:
        sizes: list[int] = self._table.get_add_actions()["size_bytes"].to_pylist()
        if sum(size < LARGE_BYTES for size in sizes) >= MOST_SMALL_FILES:
            self._table.optimize.compact(target_size=LARGE_BYTES)
        # Files that no commit names are what a killed run left; for the others, the table says how long they are kept.
        self._table.vacuum(dry_run=False, enforce_retention_duration=False, full=True)
        self._table.create_checkpoint()
        self._table.cleanup_metadata()

    def _delete(self, search_id: str, condition: str) -> int:
        metrics = self._table.delete(f"prospect_search_id = {_literal(search_id)} AND {condition}")
        return int(metrics["num_deleted_rows"])


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
