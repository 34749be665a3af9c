"""Parquet: a row a company where there is a list `prospects`, else a table with a row a person."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.columns import refuse_doubled
from openprospect.server.intake.formats.plain import plain
from openprospect.server.intake.formats.source import Document, TableRow
from openprospect.server.intake.outcome import RejectedRow

_BATCH_ROWS = 1_000
# What a damaged file raises, besides the reader's own: text that is no UTF-8, dates that no calendar has.
_DAMAGED = (pa.ArrowException, OSError, ValueError, OverflowError)


def open_parquet(name: str, stream: BinaryIO, stack: ExitStack) -> "ParquetTable | ParquetDocuments":
    """The file as what it is; raises InvalidInput where it is no Parquet, or two columns have one name."""
    try:
        file = pq.ParquetFile(stream)
    except _DAMAGED as error:
        raise InvalidInput(f"{name} is no Parquet file, or a damaged one.") from error
    stack.callback(file.close)
    names = file.schema_arrow.names
    is_nested = "prospects" in names and pa.types.is_nested(file.schema_arrow.field("prospects").type)
    refuse_doubled(names)
    return ParquetDocuments(file) if is_nested else ParquetTable(file)


class _Rows:
    """The rows of a file in batches, counted."""

    def __init__(self, file: pq.ParquetFile) -> None:
        self._file = file
        self._types = [in_microseconds(kind) for kind in file.schema_arrow.types]
        self._read = 0

    def __iter__(self) -> Iterator[tuple[int, list[Any]]]:
        for columns in self._batches():
            for values in zip(*columns, strict=True):
                self._read += 1
                yield self._read, [plain(value) for value in values]

    def _batches(self) -> Iterator[list[list[Any]]]:
        try:
            for batch in self._file.iter_batches(batch_size=_BATCH_ROWS):
                columns: list[Any] = list(batch.columns)
                yield [
                    (column if column.type.equals(kind) else column.cast(kind, safe=False)).to_pylist()
                    for column, kind in zip(columns, self._types, strict=True)
                ]
        except _DAMAGED as error:
            raise InvalidInput(f"The Parquet file is damaged behind row {self._read}.") from error

    def fraction(self) -> float:
        return self._read / max(1, self._file.metadata.num_rows)


def in_microseconds(kind: pa.DataType) -> pa.DataType:
    """The same type with moments cut to what Python's hold, at any depth."""
    match kind:
        case pa.TimestampType(unit="ns"):
            return pa.timestamp("us", kind.tz)
        case pa.Time64Type(unit="ns"):
            return pa.time64("us")
        case pa.DurationType(unit="ns"):
            return pa.duration("us")
    return _nested_in_microseconds(kind)


def _nested_in_microseconds(kind: pa.DataType) -> pa.DataType:
    match kind:
        case pa.StructType():
            return pa.struct([field.with_type(in_microseconds(field.type)) for field in kind])
        case pa.MapType():
            return pa.map_(in_microseconds(kind.key_type), in_microseconds(kind.item_type))
        case pa.ListType() | pa.LargeListType() | pa.FixedSizeListType():
            field = kind.value_field
            inner = in_microseconds(field.type)
            return kind if inner.equals(field.type) else pa.large_list(field.with_type(inner))
    return kind


class ParquetTable:
    """Rows under headings, which are the names of the columns."""

    def __init__(self, file: pq.ParquetFile) -> None:
        self.headings = list(file.schema_arrow.names)
        self._rows = _Rows(file)
        self.fraction = self._rows.fraction

    def rows(self) -> Iterator[TableRow | RejectedRow]:
        for line, cells in self._rows:
            if any(cell not in (None, "") for cell in cells):
                yield TableRow(line, cells)


class ParquetDocuments:
    """A company a row, its people in a list."""

    def __init__(self, file: pq.ParquetFile) -> None:
        self._names = list(file.schema_arrow.names)
        self._rows = _Rows(file)
        self.fraction = self._rows.fraction

    def documents(self) -> Iterator[Document | RejectedRow]:
        for line, values in self._rows:
            company = dict(zip(self._names, values, strict=True))
            yield Document(line, company, company)
