"""One Iceberg table: rows read, counted and deleted, each deletion one snapshot; and its history, which ends."""

import time
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg import exceptions
from pyiceberg.expressions import And, BooleanExpression, EqualTo, In, LessThan
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from openprospect.sync.destinations.dlt.rows import RUN
from openprospect.sync.destinations.dlt.settings import LARGE_BYTES, MOST_SMALL_FILES

_AGE = "history.expire.max-snapshot-age-ms"
FAILURES = tuple(kind for kind in vars(exceptions).values() if isinstance(kind, type) and issubclass(kind, Exception))


class Rows:
    def __init__(self, table: Table, storage: Any) -> None:
        self._table = table
        self._storage = storage

    def rows(self) -> list[dict[str, Any]]:
        return list(self._table.scan().to_arrow().to_pylist())

    def delete(self, search_id: str, column: str, ids: list[str]) -> int:
        return self._delete(search_id, In(column, set(ids)))

    def delete_before(self, search_id: str, run: int) -> int:
        return self._delete(search_id, LessThan(RUN, run))

    def count(self, search_id: str) -> int:
        return int(self._table.scan(row_filter=EqualTo("prospect_search_id", search_id)).count())

    def tidy(self) -> None:
        small = [task.file for task in self._table.scan().plan_files() if task.file.file_size_in_bytes < LARGE_BYTES]
        if len(small) >= MOST_SMALL_FILES:
            self._merge(small)
        self._expire()
        needed = {self._path(location) for location in self._needed()}
        strays = set(self._storage.find(self._path(self._table.location()))) - needed
        if strays:
            self._storage.rm(sorted(strays))

    def _merge(self, files: list[DataFile]) -> None:
        """One file in place of several."""
        fields = [field.remove_metadata() for field in self._table.schema().as_arrow()]  # A file that is added must not number them.
        rows = [self._read(file).cast(pa.schema(fields)) for file in files]
        path = f"{self._table.location()}/data/merged-{uuid4()}.parquet"
        with self._table.io.new_output(path).create() as output:
            pq.write_table(pa.concat_tables(rows), output, compression="zstd")
        with self._table.transaction() as transaction:
            with transaction.update_snapshot().overwrite() as replaced:
                for file in files:
                    replaced.delete_data_file(file)
            transaction.add_files([path])

    def _read(self, file: DataFile) -> pa.Table:
        with self._table.io.new_input(file.file_path).open() as source:
            rows = pq.read_table(source)
        return rows.select(self._table.schema().as_arrow().names)

    def _expire(self) -> None:
        kept = {reference.snapshot_id for reference in self._table.metadata.refs.values()}
        expiry = time.time() * 1000 - int(self._table.properties.get(_AGE, "0"))
        expired = [found.snapshot_id for found in self._table.snapshots() if found.timestamp_ms <= expiry and found.snapshot_id not in kept]
        if expired:
            self._table.maintenance.expire_snapshots().by_ids(expired).commit()
            self._table.refresh()

    def _needed(self) -> set[str]:
        """Every file that some snapshot still needs, and the metadata that name them."""
        metadata = self._table.metadata
        needed = {self._table.metadata_location, *(entry.metadata_file for entry in metadata.metadata_log)}
        needed |= {statistics.statistics_path for statistics in (*metadata.statistics, *metadata.partition_statistics)}
        for snapshot in metadata.snapshots:
            needed.add(snapshot.manifest_list)
            for manifest in snapshot.manifests(self._table.io):
                if manifest.manifest_path not in needed:
                    needed.add(manifest.manifest_path)
                    needed |= {entry.data_file.file_path for entry in manifest.fetch_manifest_entry(self._table.io)}
        return needed

    def _path(self, location: str) -> str:
        return str(self._storage._strip_protocol(location))  # noqa: SLF001 - fsspec's own way from an address to what it lists

    def _delete(self, search_id: str, condition: BooleanExpression) -> int:
        whole = And(EqualTo("prospect_search_id", search_id), condition)
        found = int(self._table.scan(row_filter=whole).count())
        if found:  # pyiceberg warns of a deletion that finds nothing
            self._table.delete(whole)
        return found
