"""The contract of all destinations, for three kinds of warehouse that dlt loads: SQL, Delta, Iceberg."""

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Service
from tests.connectors.feed import COMPANY_FIELDS, PERSON_FIELDS, LivingFeed
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


def test_an_erased_person_is_gone_from_an_open_table_after_the_next_sync(service: Service, tmp_path: Path) -> None:
    variables: dict[str, Any] = {}
    copy = LakeCopy(tmp_path, "delta", variables.__setitem__)
    feed = LivingFeed(service, "dltlake")
    feed.fill()
    service.run("sync", feed.search_id, "--to", copy.url, OPENPROSPECT_API_KEY=feed.key, **variables)
    erased = feed.stir()

    assert erased in {row["email"] for row in copy.rows("prospects")}
    service.run("sync", feed.search_id, "--to", copy.url, OPENPROSPECT_API_KEY=feed.key, **variables)

    assert erased not in {row["email"] for row in copy.rows("prospects")}
    assert sorted(tuple(row[name] for name in COMPANY_FIELDS) for row in copy.rows("companies")) == feed.live_companies()
    people = [(row["company_id"], *(row[name] for name in PERSON_FIELDS)) for row in copy.rows("prospects")]
    assert sorted(people) == feed.live_people()
