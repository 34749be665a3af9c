"""Which types Parquet's values are cast to on their way into Python, so that none says more, or less, than what was written."""

from collections.abc import Callable
from itertools import pairwise

import pyarrow as pa

Leaf = Callable[[pa.DataType], pa.DataType]


def casts_of(kind: pa.DataType) -> list[pa.DataType]:
    """Types to cast a column to, one after the other; none where it can be read as it is."""
    steps = [kind, _mapped(kind, _singles_as_text), _mapped(kind, _readable)]
    return [step for before, step in pairwise(steps) if not step.equals(before)]


def _singles_as_text(kind: pa.DataType) -> pa.DataType:
    """Text has the few digits that single precision has; cast to double precision directly, 0.1 is 0.10000000149011612."""
    return pa.string() if pa.types.is_float32(kind) else kind


def _readable(kind: pa.DataType) -> pa.DataType:
    """Moments cut to what Python's hold, and Python's only precision."""
    match kind:
        case pa.TimestampType(unit="ns"):
            return pa.timestamp("us", kind.tz)
        case pa.Time64Type(unit="ns"):
            return pa.time64("us")
        case pa.DurationType(unit="ns"):
            return pa.duration("us")
    return pa.float64() if pa.types.is_float32(kind) else kind


def _mapped(kind: pa.DataType, leaf: Leaf) -> pa.DataType:
    """The same type with another for what it holds, at any depth."""
    match kind:
        case pa.StructType():
            return pa.struct([field.with_type(_mapped(field.type, leaf)) for field in kind])
        case pa.MapType():
            return pa.map_(_mapped(kind.key_type, leaf), _mapped(kind.item_type, leaf))
        case pa.ListType() | pa.LargeListType() | pa.FixedSizeListType():
            field = kind.value_field
            inner = _mapped(field.type, leaf)
            return kind if inner.equals(field.type) else pa.large_list(field.with_type(inner))
    return leaf(kind)
