"""The contract, and what is the Parquet folder's own."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from openprospect.sync.destinations.opening import open_destination
from openprospect.sync.errors import DestinationRefused
from tests.sync.columns_contract import ColumnsContract
from tests.sync.contract import SEARCH, assert_same, sync
from tests.sync.feed_server import FeedServer, company


class ParquetCopy:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"parquet:///{folder}"

    def rows(self, table: str) -> list[dict[str, Any]]:
        files = [str(self.folder / name) for name in self.manifest()["files"][table]]
        cursor = duckdb.execute(
            "SELECT * REPLACE (strftime(delivered_at AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') AS delivered_at)"
            " FROM read_parquet(?, union_by_name = true)",
            [files],
        )
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def manifest(self) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads((self.folder / "openprospect_sync_state.json").read_text())
        return manifest

    def occupy(self) -> None:
        (self.folder / "companies").mkdir(parents=True)
        (self.folder / "companies" / "mine.parquet").write_text("mine")

    def is_untouched(self) -> bool:
        found = {path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()}
        return found == {"companies/mine.parquet", "openprospect_sync.lock"}


@pytest.fixture
def copy(tmp_path: Path) -> ParquetCopy:
    return ParquetCopy(tmp_path / "lake")


class TestParquet(ColumnsContract):
    @pytest.fixture
    def copy(self, tmp_path: Path) -> ParquetCopy:
        return ParquetCopy(tmp_path / "lake")


def test_many_small_syncs_leave_few_files(copy: ParquetCopy) -> None:
    with FeedServer() as server:
        for n in range(25):
            server.feed(SEARCH).deliver(company(n))
            sync(copy, server)
        assert_same(copy, server.feed(SEARCH))

    assert len(list((copy.folder / "companies").rglob("*.parquet"))) < 12


def test_a_quiet_folder_holds_no_file_that_does_not_count(copy: ParquetCopy) -> None:
    with FeedServer() as server:
        server.feed(SEARCH).deliver(*[company(n) for n in range(5)])
        sync(copy, server)
        server.feed(SEARCH).deliver(company(3, name="Again"))
        sync(copy, server)

    present = {path.relative_to(copy.folder).as_posix() for path in copy.folder.rglob("*.parquet")}
    assert present == {name for names in copy.manifest()["files"].values() for name in names}


def test_a_manifest_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "openprospect_sync_state.json").write_text("{")
    with pytest.raises(DestinationRefused, match="cannot be read"):
        open_destination(f"parquet:///{tmp_path}")
