"""The files of Delta and Iceberg tables: few, and none that no reader needs. That nobody who is gone is in them: `test_dlt.py`."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError
from fsspec.implementations.local import LocalFileSystem
from pyiceberg.catalog.sql import SqlCatalog

from openprospect.sync.destinations.dlt import delta, iceberg
from openprospect.sync.destinations.dlt.address import Address
from openprospect.sync.destinations.dlt.failures import translated
from openprospect.sync.destinations.dlt.open_tables import OpenTable
from openprospect.sync.destinations.dlt.rows import RUN
from openprospect.sync.destinations.dlt.settings import DELTA_PROPERTIES, ICEBERG_PROPERTIES
from openprospect.sync.errors import DestinationRefused, SyncError, TryLater
from tests.sync.contract import SEARCH


class DeltaLake:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def append(self, rows: pa.Table) -> None:
        write_deltalake(self.folder, rows, mode="append", configuration=DELTA_PROPERTIES)

    def keep_history(self) -> None:
        properties = {"delta.deletedFileRetentionDuration": "interval 7 days", "delta.logRetentionDuration": "interval 7 days"}
        DeltaTable(self.folder).alter.set_table_properties(properties)

    def open(self) -> OpenTable:
        return delta.Rows(DeltaTable(self.folder), LocalFileSystem())

    def rows_at_first(self) -> int:
        return DeltaTable(self.folder, version=0).to_pyarrow_table().num_rows


class IcebergLake:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._catalog = SqlCatalog("test", uri="sqlite:///:memory:", warehouse=folder.parent.as_uri())
        self._catalog.create_namespace("lake")

    def append(self, rows: pa.Table) -> None:
        table = self._catalog.create_table_if_not_exists(
            "lake.people", schema=rows.schema, location=self.folder.as_uri(), properties=ICEBERG_PROPERTIES
        )
        table.append(rows)

    def keep_history(self) -> None:
        with self._catalog.load_table("lake.people").transaction() as transaction:
            transaction.set_properties({"history.expire.max-snapshot-age-ms": str(7 * 24 * 3600 * 1000)})

    def open(self) -> OpenTable:
        return iceberg.Rows(self._catalog.load_table("lake.people"), LocalFileSystem())

    def rows_at_first(self) -> int:
        table = self._catalog.load_table("lake.people")
        return int(table.scan(snapshot_id=table.history()[0].snapshot_id).count())


Lake = DeltaLake | IcebergLake


@pytest.fixture(params=[DeltaLake, IcebergLake])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    make: Callable[[Path], Lake] = request.param
    return make(tmp_path / "people")


def people(*numbers: int) -> pa.Table:
    return pa.table(
        {
            "prospect_search_id": [SEARCH] * len(numbers),
            "company_id": [f"company-{n}" for n in numbers],
            "email": [f"maria@hotel-{n}.example" for n in numbers],
            RUN: pa.array([0] * len(numbers), pa.int64()),
        }
    )


def data_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.parquet") if "_delta_log" not in path.parts]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DeltaError("a commit that others had made"), TryLater),
        (OSError("no space left"), TryLater),
        (pa.ArrowInvalid("a file cut short"), TryLater),
        (PermissionError("not yours"), DestinationRefused),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_goes_wrong_below_dlt_is_told_apart_too(error: Exception, kind: type[SyncError]) -> None:
    with pytest.raises(kind, match="dlt:delta"), translated(Address(destination="filesystem", table_format="delta"), delta.FAILURES):
        raise error


def test_many_small_files_become_one_with_the_same_rows(lake: Lake) -> None:
    for n in range(12):
        lake.append(people(n))

    lake.open().tidy()

    assert len(data_files(lake.folder)) == 1
    assert {row["email"] for row in lake.open().rows()} == set(people(*range(12))["email"].to_pylist())
    assert lake.open().delete(SEARCH, "company_id", ["company-3"]) == 1
    assert lake.open().count(SEARCH) == 11


def test_a_few_small_files_are_left_as_they_are(lake: Lake) -> None:
    lake.append(people(1))
    lake.append(people(2))
    before = sorted(data_files(lake.folder))

    lake.open().tidy()

    assert sorted(data_files(lake.folder)) == before


def test_a_file_that_a_killed_run_left_goes(lake: Lake) -> None:
    lake.append(people(1))
    left = data_files(lake.folder)[0].with_name("part-of-a-killed-run.parquet")
    left.write_bytes(b"Maria")

    lake.open().tidy()

    assert not left.exists()


def test_whose_table_says_to_keep_its_history_keeps_it(lake: Lake) -> None:
    lake.append(people(1, 2))
    lake.keep_history()
    lake.open().delete(SEARCH, "company_id", ["company-1"])

    lake.open().tidy()

    assert (lake.open().count(SEARCH), lake.rows_at_first()) == (1, 2)
