"""The columns of a row, a company each: those of an Arrow export, and whose feed it is. As Spark names their types, and as Arrow does."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

SEARCH, PEOPLE = "prospect_search_id", "prospects"
_PERSON = ("id", "first_name", "last_name", "email", "job_title", "attributes")
_TEXT: tuple[str, Any] = "string", pa.string()
_MOMENT: tuple[str, Any] = "timestamp", pa.timestamp("us", tz="UTC")
# `element`, and null wherever it may be: Spark takes no batch that says otherwise.
_PEOPLE: tuple[str, Any] = (
    f"array<struct<{', '.join(f'{name}: string' for name in _PERSON)}>>",
    pa.list_(pa.field("element", pa.struct([pa.field(name, pa.string()) for name in _PERSON]))),
)
_COLUMNS = {
    SEARCH: _TEXT,
    "id": _TEXT,
    "name": _TEXT,
    "website_url": _TEXT,
    "source_id": _TEXT,
    "delivered_at": _MOMENT,
    "removed_at": _MOMENT,
    "removal_reason": _TEXT,
    "attributes": _TEXT,
    PEOPLE: _PEOPLE,
}


def schema(*, has_people: bool) -> str:
    """As Spark's DDL."""
    return ", ".join(f"{name} {kind}" for name, (kind, _) in _COLUMNS.items() if has_people or name != PEOPLE)


def rows_of(batch: pa.RecordBatch, search_id: str, *, names: Sequence[str], has_removals: bool) -> pa.RecordBatch:
    """The rows of an export as Spark has them, withdrawn companies among them or not."""
    live: Any = batch if has_removals else batch.filter(pc.is_null(batch["removed_at"]))
    columns = {SEARCH: pa.array([search_id] * live.num_rows, pa.string())} | dict(zip(live.schema.names, live.columns, strict=True))
    return pa.RecordBatch.from_arrays([columns[name].cast(_COLUMNS[name][1]) for name in names], names=list(names))
