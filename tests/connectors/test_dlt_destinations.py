"""The contract of all destinations, for three kinds of warehouse that dlt loads: SQL, Delta, Iceberg."""

from pathlib import Path

import pytest

from tests.sync.contract import DestinationContract
from tests.sync.dlt_copies import DltPostgresCopy, LakeCopy

pytestmark = pytest.mark.heavy


class TestDltPostgres(DestinationContract):
    @pytest.fixture
    def copy(self, postgres: str, monkeypatch: pytest.MonkeyPatch) -> DltPostgresCopy:
        return DltPostgresCopy(postgres, monkeypatch.setenv)


class TestDltDelta(DestinationContract):
    most_memory_mib = 700  # the table formats' own engines

    @pytest.fixture
    def copy(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LakeCopy:
        return LakeCopy(tmp_path, "delta", monkeypatch.setenv)


class TestDltIceberg(DestinationContract):
    most_memory_mib = 700

    @pytest.fixture
    def copy(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LakeCopy:
        return LakeCopy(tmp_path, "iceberg", monkeypatch.setenv)
