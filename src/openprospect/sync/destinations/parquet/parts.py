"""Reading and writing the part files of one folder, a slice at a time. Which parts count is not known here."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from openprospect.sync.destinations.arrow import TYPES, typed_array
from openprospect.sync.destinations.columns import Column, Kind, encode
from openprospect.sync.destinations.frames import COMPANIES, FIXED, PROSPECTS, Frame
from openprospect.sync.destinations.parquet.manifest import Manifest, Part, part_path, sync_folder

_SLICE_ROWS = 20_000
_KEYS = {COMPANIES: "id", PROSPECTS: "company_id"}
_KIND = b"openprospect.kind"


class Parts:
    """The part files under a folder, written with the columns that the manifest knows."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder = folder
        self._manifest = manifest

    def write(self, search_id: str, companies: Frame, prospects: Frame) -> Part:
        number = self._manifest.take_number()
        for table, frame in ((COMPANIES, companies), (PROSPECTS, prospects)):
            schema = self._schema(table)
            arrays = [typed_array(frame.columns[field.name], field.type) for field in schema]
            self._write(table, search_id, number, [pa.Table.from_arrays(arrays, schema=schema)])
        return Part(number=number, companies=len(companies), prospects=len(prospects))

    def rewrite(self, search_id: str, parts: Iterable[Part], *, without: "pa.Array[Any] | None" = None) -> Part:
        """One part with the rows of several, but for those of the companies left out; in today's columns."""
        number = self._manifest.take_number()
        parts = list(parts)
        counts = {
            table: self._write(table, search_id, number, self._slices(table, search_id, parts, without)) for table in (COMPANIES, PROSPECTS)
        }
        return Part(number=number, companies=counts[COMPANIES], prospects=counts[PROSPECTS])

    def ids(self, search_id: str, part: Part) -> "pa.ChunkedArray[Any]":
        return pq.read_table(self._path(COMPANIES, search_id, part.number), columns=["id"], partitioning=None)["id"]

    def values(self, table: str, search_id: str, part: Part, column: Column) -> list[Any]:
        path = self._path(table, search_id, part.number)
        if column.name not in pq.read_schema(path).names:
            return []
        values: list[Any] = pq.read_table(path, columns=[column.name], partitioning=None)[column.name].to_pylist()
        return values

    def discard_strays(self) -> None:
        """Delete part files that the manifest does not name: replaced ones, and what a killed run left."""
        kept = self._manifest.every_part()
        for table in (COMPANIES, PROSPECTS):
            for path in (self._folder / table).glob("prospect_search_id=*/part-*.parquet*"):
                if path.relative_to(self._folder).as_posix() not in kept:
                    path.unlink(missing_ok=True)

    def _slices(self, table: str, search_id: str, parts: list[Part], without: "pa.Array[Any] | None") -> Iterator[pa.Table]:
        for part in parts:
            with pq.ParquetFile(self._path(table, search_id, part.number)) as file:
                for batch in file.iter_batches(batch_size=_SLICE_ROWS):
                    rows = pa.Table.from_batches([batch])
                    if without is not None:
                        rows = rows.filter(pc.invert(pc.is_in(rows[_KEYS[table]], value_set=without)))
                    yield self._conformed(table, rows)

    def _conformed(self, table: str, rows: pa.Table) -> pa.Table:
        schema = self._schema(table)
        return pa.Table.from_arrays([_conformed_column(rows, field) for field in schema], schema=schema)

    def _schema(self, table: str) -> pa.Schema:
        fixed = [pa.field(name, pa.timestamp("us", tz="UTC") if name == "delivered_at" else pa.string()) for name in FIXED[table]]
        known = self._manifest.known(table).values()
        return pa.schema(fixed + [pa.field(c.name, TYPES[c.kind], metadata={_KIND: c.kind.value.encode()}) for c in known])

    def _write(self, table: str, search_id: str, number: int, slices: Iterable[pa.Table]) -> int:
        path = self._path(table, search_id, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = 0
        with path.open("wb") as file, pq.ParquetWriter(file, self._schema(table), compression="zstd") as writer:
            for piece in slices:
                writer.write_table(piece)
                rows += piece.num_rows
            writer.close()
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
        return rows

    def _path(self, table: str, search_id: str, number: int) -> Path:
        return self._folder / part_path(table, search_id, number)


def _conformed_column(rows: pa.Table, field: "pa.Field[Any]") -> Any:
    if field.name not in rows.column_names:
        return pa.nulls(rows.num_rows, field.type)
    found = rows.schema.field(field.name)
    if found.type == field.type and (found.metadata or {}).get(_KIND) == (field.metadata or {}).get(_KIND):
        return rows[field.name]
    kind = Kind((field.metadata or {})[_KIND].decode())
    return pa.array(encode(rows[field.name].to_pylist(), kind), field.type)
