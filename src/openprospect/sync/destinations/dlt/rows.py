"""Two flat Arrow tables, the only shape that dlt loads fast everywhere: companies, prospects; and a third for checkpoints.

Attributes are one column of JSON text: types that grow, and names that differ by case alone, survive in no two warehouses alike.
"""

from typing import Any

import msgspec
import pyarrow as pa

from openprospect.sync.destinations.arrow import typed_array
from openprospect.sync.destinations.columns import Attributes
from openprospect.sync.destinations.frames import COMPANIES, FIXED, PROSPECTS, Frame

STATE = "openprospect_sync_state"
ATTRIBUTES, RUN, REMOVED = "attributes", "openprospect_run", "openprospect_removed"
KEYS = {
    COMPANIES: ("prospect_search_id", "id"),
    PROSPECTS: ("prospect_search_id", "company_id"),
    STATE: ("prospect_search_id",),
}
_MOMENT = pa.timestamp("us", "UTC")


def _fields(table: str) -> list["pa.Field[Any]"]:
    return [_field(name, _MOMENT if name == "delivered_at" else pa.string(), is_key=name in KEYS[table]) for name in FIXED[table]]


def _field(name: str, kind: "pa.DataType", *, is_key: bool = False) -> "pa.Field[Any]":
    return pa.field(name, kind, not is_key)


_STATE_TEXTS = ("prospect_search_id", "server", "instance", "delivered_until", "full_until", "synced_at")
SCHEMAS = {
    **{
        table: pa.schema([*_fields(table), _field(ATTRIBUTES, pa.string()), _field(RUN, pa.int64()), _field(REMOVED, pa.bool_())])
        for table in FIXED
    },
    STATE: pa.schema(
        [
            *(_field(name, pa.string(), is_key=name in KEYS[STATE]) for name in _STATE_TEXTS),
            _field("full_run", pa.bool_()),
            _field(RUN, pa.int64()),
        ]
    ),
}


def table_of(table: str, frame: Frame, run: int) -> pa.Table:
    columns = frame.columns | {ATTRIBUTES: list(map(_text, frame.attributes)), RUN: [run] * len(frame), REMOVED: [None] * len(frame)}
    schema = SCHEMAS[table]
    return pa.Table.from_arrays([typed_array(columns[field.name], field.type) for field in schema], schema=schema)


def removals(table: str, column: str, search_id: str, ids: list[str]) -> pa.Table:
    """Rows that say no more than that whatever has this id is gone."""
    known: dict[str, list[Any]] = {"prospect_search_id": [search_id] * len(ids), column: ids, REMOVED: [True] * len(ids)}
    schema = SCHEMAS[table]
    return pa.Table.from_arrays([typed_array(known.get(field.name, [None] * len(ids)), field.type) for field in schema], schema=schema)


def _text(attributes: Attributes) -> str | None:
    return msgspec.json.encode(attributes).decode() if attributes else None
