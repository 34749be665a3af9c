"""Columns of Python values as Arrow arrays, and what each kind of attribute is there."""

from typing import Any

import pyarrow as pa

from openprospect.sync.destinations.columns import Kind

TYPES: dict[Kind, pa.DataType] = {
    Kind.BOOLEAN: pa.bool_(),
    Kind.BIGINT: pa.int64(),
    Kind.DOUBLE: pa.float64(),
    Kind.TEXT: pa.string(),
    Kind.JSON: pa.string(),
}


def typed_array(cells: list[Any], kind: "pa.DataType") -> "pa.Array[Any]":
    """Timestamps are read from text."""
    return pa.array(cells, pa.string()).cast(kind) if pa.types.is_timestamp(kind) else pa.array(cells, kind)
