"""Parquet and Arrow streams: columns, compressed within the file, written beside the event loop."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from typing import Final, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from openprospect.server.feed.exporting.formats.columns import SCHEMA, columns_of
from openprospect.server.feed.exporting.formats.form import Format

# A row group is in memory whole until it is written; smaller ones compress and scan worse.
_ROW_GROUP_COMPANIES = 20_000
_ROW_GROUP_BYTES = 32 << 20
_CODEC: Final = "zstd"


class _Writer(Protocol):
    def write(self, columns: pa.RecordBatch) -> None: ...

    def close(self) -> None: ...


class _Outbox(io.RawIOBase):
    """A file that is taken away as it is written."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        chunk = bytes(memoryview(data))  # type: ignore[arg-type]  # the declared type has no public name
        self._chunks.append(chunk)
        return len(chunk)

    def taken(self) -> bytes:
        """What was written since the last time."""
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)


class _ParquetWriter:
    """Gathers batches into row groups."""

    def __init__(self, sink: pa.NativeFile) -> None:
        self._writer = pq.ParquetWriter(sink, SCHEMA, compression=_CODEC)
        self._group: list[pa.RecordBatch] = []

    def write(self, columns: pa.RecordBatch) -> None:
        self._group.append(columns)
        companies, size = sum(batch.num_rows for batch in self._group), sum(batch.nbytes for batch in self._group)
        if companies >= _ROW_GROUP_COMPANIES or size >= _ROW_GROUP_BYTES:
            self._write_group()

    def close(self) -> None:
        if self._group:
            self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        group, self._group = pa.Table.from_batches(self._group, SCHEMA), []
        self._writer.write_table(group, row_group_size=group.num_rows)


def _arrow_writer(sink: pa.NativeFile) -> _Writer:
    return pa.ipc.new_stream(sink, SCHEMA, options=pa.ipc.IpcWriteOptions(compression=_CODEC))


def _encoder(make_writer: Callable[[pa.NativeFile], _Writer]) -> Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]:
    async def encode(batches: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        outbox = _Outbox()
        writer = make_writer(pa.PythonFile(outbox, mode="w"))
        async for lines in batches:
            await asyncio.to_thread(lambda lines: writer.write(columns_of(lines)), lines)
            if written := outbox.taken():
                yield written
        await asyncio.to_thread(writer.close)
        yield outbox.taken()

    return encode


PARQUET = Format(name="parquet", media_type="application/vnd.apache.parquet", extension="parquet", encode=_encoder(_ParquetWriter))
ARROW = Format(name="arrow", media_type="application/vnd.apache.arrow.stream", extension="arrows", encode=_encoder(_arrow_writer))
