"""Parquet: a row a company where there is a list `prospects`, else a table with a row a person."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from openprospect.server.core.errors import Fault, InvalidInput
from openprospect.server.intake.columns import refuse_doubled
from openprospect.server.intake.formats.arrow_types import casts_of
from openprospect.server.intake.formats.plain import is_binary, plain
from openprospect.server.intake.formats.source import Document, Flaw, TableRow
from openprospect.server.intake.outcome import RejectedRow

_BATCH_ROWS = 1_000
_WITHOUT_BINARY = "leave them out, or write them as text"
_NO_TEXT = f"a binary value, which is no text; {_WITHOUT_BINARY}"
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
        self._casts = [casts_of(kind) for kind in file.schema_arrow.types]
        self._read = 0

    def __iter__(self) -> Iterator[tuple[int, list[Any]]]:
        for columns in self._batches():
            for values in zip(*columns, strict=True):
                self._read += 1
                yield self._read, list(values)

    def _batches(self) -> Iterator[list[list[Any]]]:
        try:
            for batch in self._file.iter_batches(batch_size=_BATCH_ROWS):
                yield [_cast(column, kinds).to_pylist() for column, kinds in zip(batch.columns, self._casts, strict=True)]
        except _DAMAGED as error:
            raise InvalidInput(f"The Parquet file is damaged behind row {self._read}.") from error

    def fraction(self) -> float:
        return self._read / max(1, self._file.metadata.num_rows)


def _cast(column: Any, kinds: Sequence[pa.DataType]) -> Any:
    for kind in kinds:
        column = column.cast(kind, safe=False)
    return column


class ParquetTable:
    """Rows under headings, which are the names of the columns."""

    def __init__(self, file: pq.ParquetFile) -> None:
        self.headings = list(file.schema_arrow.names)
        self._rows = _Rows(file)
        self.fraction = self._rows.fraction

    def rows(self) -> Iterator[TableRow | RejectedRow]:
        for line, values in self._rows:
            cells = [plain(value) for value in values]
            if any(cell not in (None, "") for cell in cells):
                yield self._row(line, cells, binary=[place for place, value in enumerate(values) if is_binary(value)])

    def _row(self, line: int, cells: list[Any], *, binary: list[int]) -> TableRow:
        if not binary:
            return TableRow(line, cells)
        columns = ", ".join(repr(self.headings[place]) for place in binary)
        known = [None if place in binary else cell for place, cell in enumerate(cells)]
        return TableRow(line, known, Flaw(f"binary values, which are no text, in {columns}; {_WITHOUT_BINARY}", known, tuple(binary)))


class ParquetDocuments:
    """A company a row, its people in a list."""

    def __init__(self, file: pq.ParquetFile) -> None:
        self._names = list(file.schema_arrow.names)
        self._rows = _Rows(file)
        self.fraction = self._rows.fraction

    def documents(self) -> Iterator[Document | RejectedRow]:
        for line, values in self._rows:
            company = dict(zip(self._names, map(plain, values), strict=True))
            faults = [Fault(field=name, reason=_NO_TEXT) for name, value in zip(self._names, values, strict=True) if is_binary(value)]
            faults += _unpack(company, "")
            for index, person in enumerate(company["prospects"] or ()):
                faults += _unpack(person, f"prospects[{index}].") if isinstance(person, dict) else []
            yield RejectedRow(line=line, faults=faults, raw=company) if faults else Document(line, company, company)


def _unpack(record: dict[str, Any], prefix: str) -> list[Fault]:
    """Make `attributes` that are text, as the feed's own export has them, an object again; what is wrong where they are none."""
    attributes = record.get("attributes")
    if not isinstance(attributes, str):
        return []
    try:
        record["attributes"] = msgspec.json.decode(attributes, type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return [Fault(field=f"{prefix}attributes", reason="text that is no JSON object; write the attributes as an object, or as a struct")]
    return []
