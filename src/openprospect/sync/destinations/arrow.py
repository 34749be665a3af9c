"""Columns of Python values as Arrow arrays."""

from typing import Any

import pyarrow as pa


def typed_array(cells: list[Any], kind: "pa.DataType") -> "pa.Array[Any]":
    """Timestamps are read from text."""
    return pa.array(cells, pa.string()).cast(kind) if pa.types.is_timestamp(kind) else pa.array(cells, kind)
