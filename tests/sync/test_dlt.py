"""What is dlt's own among destinations: its traps, and what comes in place of one transaction. Its contract: `make test-connectors`."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
import pytest

from openprospect.sync.batch import Batch, Source
from openprospect.sync.client import Client
from openprospect.sync.destinations.dlt.address import parse
from openprospect.sync.destinations.dlt.loader import Loader
from openprospect.sync.destinations.dlt.rows import SCHEMAS
from openprospect.sync.destinations.dlt.settings import ICEBERG_PROPERTIES
from openprospect.sync.destinations.dlt.warehouse import Change
from openprospect.sync.destinations.lock import FileLock
from openprospect.sync.destinations.opening import open_destination
from openprospect.sync.engine import run
from openprospect.sync.errors import DestinationRefused
from openprospect.sync.wire import Company, Prospect
from tests.sync.contract import SEARCH, assert_same, sync
from tests.sync.dlt_copies import DltPostgresCopy, LakeCopy
from tests.sync.feed_server import KEY, FeedServer, company, person

GONE = "a.person.gone@secret.example"
SOURCE = Source(server="http://feed.example")


@pytest.fixture
def copy(postgres: str, monkeypatch: pytest.MonkeyPatch) -> DltPostgresCopy:
    return DltPostgresCopy(postgres, monkeypatch.setenv)


def test_the_tables_are_two_and_flat_with_attributes_as_json_text(copy: DltPostgresCopy) -> None:
    attributes = {"Name": "a", "name": "b", "tags": ["a", {"b": None}], "big": 2**60, "": 0.5}
    with FeedServer() as server:
        server.feed(SEARCH).deliver(company(1, attributes=attributes, prospects=[person(1, 0, attributes={"phone": "+49"})]))
        sync(copy, server)

    assert {name for name in copy.tables() if not name.startswith("_dlt")} == set(SCHEMAS)
    assert [json.loads(row["attributes"]) for row in copy.rows("companies")] == [attributes]
    assert [json.loads(row["attributes"]) for row in copy.rows("prospects")] == [{"phone": "+49"}]


def test_a_company_that_comes_twice_in_one_load_is_there_once(copy: DltPostgresCopy) -> None:
    twice = [Company(id="c", name="Same", delivered_at="2026-02-25T12:00:00.000001Z")] * 2

    with closing(open_destination(copy.url)) as destination:
        destination.apply(Batch(search_id=SEARCH, source=SOURCE, companies=twice, until="2026-02-25T12:00:00.000001Z", last=True))

    assert [row["name"] for row in copy.rows("companies")] == ["Same"]


def test_a_company_left_with_nobody_has_nobody(copy: DltPostgresCopy) -> None:
    with FeedServer() as server:
        feed = server.feed(SEARCH)
        feed.deliver(company(1, people=2), company(2, people=1))
        sync(copy, server)
        feed.deliver(company(1, people=0))
        sync(copy, server)

        assert_same(copy, feed)
    assert copy.run(f"SELECT email FROM {copy.dataset}_staging.prospects") == [], "nor where dlt prepares the next batch"


def test_a_failure_between_data_and_checkpoint_repeats_the_batch_and_skips_none(copy: DltPostgresCopy) -> None:
    companies = [Company(id="c", name="Once", prospects=[Prospect(id="p")], delivered_at="2026-02-25T12:00:00.000001Z")]
    batch = Batch(search_id=SEARCH, source=SOURCE, companies=companies, until="2026-02-25T12:00:00.000001Z", last=True)
    with closing(open_destination(copy.url)) as destination:
        destination._warehouse.remember = _fails  # type: ignore[attr-defined]
        with pytest.raises(OSError, match="pulled"):
            destination.apply(batch)
    assert len(copy.rows("companies")) == 1, "the data is in"

    with closing(open_destination(copy.url)) as destination:
        assert destination.checkpoint(SEARCH) is None
        destination.apply(batch)
        assert destination.checkpoint(SEARCH) is not None

    assert (len(copy.rows("companies")), len(copy.rows("prospects"))) == (1, 1)


def test_what_a_first_run_had_loaded_when_it_failed_is_gone_if_it_left_the_feed_since(copy: DltPostgresCopy) -> None:
    with FeedServer() as server:
        feed = server.feed(SEARCH)
        feed.deliver(company(1), company(2))
        with Client(server.url, KEY) as client, closing(open_destination(copy.url)) as destination:
            replace = destination._warehouse.replace  # type: ignore[attr-defined]

            def replace_and_fail(change: Change) -> int:
                replace(change)
                raise OSError("the plug was pulled")

            destination._warehouse.replace = replace_and_fail  # type: ignore[attr-defined]
            [failed] = run([SEARCH], destination, client)
        assert failed.error is not None
        assert len(copy.rows("companies")) == 2, "the data is in"
        feed.withdraw(company(1)["id"])

        summary = sync(copy, server)

        assert (summary.removed, feed.confirmed) == (1, [feed.watermark])
        assert_same(copy, feed)


def test_what_a_killed_run_left_on_the_machine_is_gone_when_the_next_begins(copy: DltPostgresCopy) -> None:
    with closing(open_destination(copy.url)) as destination:
        folder = Path(destination._warehouse._loader._pipeline.pipelines_dir)  # type: ignore[attr-defined]
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()
    left = folder / "openprospect_sync" / "load" / "normalized" / "people.parquet"
    left.parent.mkdir(parents=True)
    left.write_text("Maria")

    with closing(open_destination(copy.url)):
        assert not left.exists()


def test_what_a_killed_run_left_on_its_way_to_another_warehouse_goes_too_but_nothing_of_anybody_else(
    copy: DltPostgresCopy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path))
    with closing(open_destination(copy.url)) as destination:
        folder = Path(destination._warehouse._loader._pipeline.pipelines_dir)  # type: ignore[attr-defined]
        assert folder.is_relative_to(tmp_path)
    left, held, theirs = (folder.with_name(f"openprospect-{name}") for name in ("0123456789abcdef", "fedcba9876543210", "theirs"))
    for path in (left, held, theirs):
        path.mkdir()
    left.with_suffix(".lock").touch()
    lock = FileLock(held.with_suffix(".lock"))
    open_destination(copy.url).close()
    lock.release()

    assert [path.exists() for path in (left, held, theirs)] == [False, True, True]


def test_dlt_s_own_reader_reads_what_was_loaded(copy: DltPostgresCopy) -> None:
    companies = [Company(id="c", name="Read", delivered_at="2026-02-25T12:00:00.000001Z")]
    with closing(open_destination(copy.url)) as destination:
        destination.apply(Batch(search_id=SEARCH, source=SOURCE, companies=companies, last=True))
        read = destination._warehouse._loader._pipeline.dataset()["companies"].arrow()  # type: ignore[attr-defined]

    assert read["name"].to_pylist() == ["Read"]


def test_dlt_calls_nobody_but_the_warehouse(copy: DltPostgresCopy) -> None:
    open_destination(copy.url).close()

    assert dlt.current.run_context().runtime_config.dlthub_telemetry is False


def test_what_dlt_s_own_settings_say_goes_before_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {"delta.deletedFileRetentionDuration": "interval 7 days"}
    monkeypatch.setenv("DESTINATION__FILESYSTEM__BUCKET_URL", tmp_path.as_uri())
    monkeypatch.setenv("DESTINATION__FILESYSTEM__DELTALAKE_CONFIGURATION", json.dumps(kept))

    config: Any = Loader(parse("dlt:delta"), tmp_path).client().config

    assert (config.deltalake_configuration, config.iceberg_table_properties) == (kept, ICEBERG_PROPERTIES)


@pytest.mark.parametrize("table_format", ["delta", "iceberg"])
def test_open_tables_lose_the_people_that_are_gone(table_format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = LakeCopy(tmp_path, table_format, monkeypatch.setenv)
    with FeedServer() as server:
        feed = server.feed(SEARCH)
        feed.deliver(company(1, prospects=[person(1, 0), person(1, 1, email=GONE)]), company(2, people=1), company(3))
        sync(copy, server)
        assert [path.suffix for path in copy.files_that_mention(GONE[:16])] == [".parquet"], "in one file, of rows"
        feed.deliver(company(1, people=1))
        feed.withdraw(company(3)["id"])

        assert sync(copy, server).removed == 1
        assert_same(copy, feed)
        assert feed.confirmed[-1] == feed.watermark
        assert copy.files_that_mention(GONE[:16]) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("dlt:", "must look like dlt:snowflake"),
        ("dlt:postgres?databset=crm", "must look like dlt:snowflake"),
        ("dlt:nonsense", "nonsense"),
        ("dlt:postgres", "DESTINATION__POSTGRES__CREDENTIALS__DATABASE"),
        ("dlt:delta", "DESTINATION__FILESYSTEM__BUCKET_URL"),
        ("dlt:weaviate", r"pip install 'dlt\[weaviate\]'"),
    ],
)
def test_what_cannot_be_opened_says_what_is_missing(url: str, words: str) -> None:
    with pytest.raises(DestinationRefused, match=words):
        open_destination(url)


def _fails(_: pa.Table) -> None:
    raise OSError("the plug was pulled")
