"""`spark.readStream` of the source into Parquet, killed again and again: what the table holds in the end."""

import os
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.conftest import Service
from tests.connectors.environments import ROOT
from tests.connectors.feed import LivingFeed
from tests.connectors.spark import CLUSTER, Spark, companies_in, deliveries_in, people_in

pytestmark = pytest.mark.heavy

KILLS = int(os.environ.get("SPARK_TEST_KILLS", "2"))
PAGE = ROOT / "docs" / "how-to" / "read-with-spark.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """A feed, and what was made of it: every row that was committed, and the live ones by the statement of the page."""

    feed: LivingFeed
    every_row: Path
    live: Path
    erased_between: str
    erased_later: str


@pytest.fixture(scope="module")
def streamed(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Streamed:
    feed = LivingFeed(service, "sparkstream")
    folder = tmp_path_factory.mktemp("stream")
    checkpoint, table = folder / "checkpoint", folder / "table"
    options = {"prospect_search_ids": feed.search_id, "partition_companies": "10"}
    places = {"to": str(table), "checkpoint": str(checkpoint), "options": options}
    feed.fill()

    with Spark(folder, feed, master=CLUSTER) as spark:
        spark.do("stream", **places)
        once((checkpoint / "offsets" / "0").exists)
        spark.kill()
    assert not (checkpoint / "commits" / "0").exists()
    erased_between = feed.stir()

    erased_later = "p0.100@sparkstream.example"
    for number in range(KILLS):
        with Spark(folder, feed, master=CLUSTER) as spark:
            spark.do("stream", **places)
            once((checkpoint / "commits" / "0").exists)
            feed.deliver(range(60, 90), round=number)
            feed.service.run("erase", erased_later)
            time.sleep(random.uniform(0, 3))
            spark.kill()

    with Spark(folder, feed, master=CLUSTER) as spark:
        spark.do("catch_up", **places)
        feed.deliver(range(95, 99), city="Oslo")
        spark.do("catch_up", **places)
        spark.do("copy", table=str(table), to=f"{folder}/rows")
        (statement,) = re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
        spark.do("query", table=str(table), statement=statement, to=f"{folder}/live")
    return Streamed(feed=feed, every_row=folder / "rows", live=folder / "live", erased_between=erased_between, erased_later=erased_later)


def once(condition: Callable[[], bool]) -> None:
    """Waits for what Spark does on its own."""
    end = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < end, "Spark did not get there within five minutes"
        time.sleep(0.005)


def emails(table: Path) -> set[str]:
    return {person[4] for person in people_in(table)}


def test_a_stream_killed_at_random_moments_writes_each_delivery_once(streamed: Streamed) -> None:
    deliveries = deliveries_in(streamed.every_row)

    assert len(deliveries) == len(set(deliveries))
    assert {(company["id"], company["delivered_at"]) for company in streamed.feed.live()} <= set(deliveries)


def test_the_latest_row_of_each_company_is_the_live_feed(streamed: Streamed) -> None:
    assert companies_in(streamed.live) == streamed.feed.live_companies()
    assert people_in(streamed.live) == streamed.feed.live_people()


def test_a_batch_that_is_repeated_after_an_erasure_lacks_the_person(streamed: Streamed) -> None:
    assert streamed.erased_between not in emails(streamed.every_row)


def test_whoever_is_erased_later_stays_in_the_rows_written_before(streamed: Streamed) -> None:
    assert streamed.erased_later in emails(streamed.every_row)
    assert streamed.erased_later not in emails(streamed.live)


def test_what_spark_has_written_is_confirmed(streamed: Streamed) -> None:
    receipts = streamed.feed.service.run("receipts", streamed.feed.search_id)
    (confirmed,) = [receipt["delivered_until"] for receipt in receipts if receipt["key_name"] == "reads for sparkstream"]
    assert confirmed is not None
