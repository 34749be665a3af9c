"""`spark.read` of the source on a cluster of two workers: in parts, of one moment, and never showing its key."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Service
from tests.connectors.feed import LivingFeed
from tests.connectors.spark import CLUSTER, Spark, companies_in, people_in, removals_in

pytestmark = pytest.mark.heavy

COMPANIES = int(os.environ.get("SPARK_TEST_COMPANIES", "20000"))
_A_DELIVERY = 20_000


@pytest.fixture(scope="module")
def feed(service: Service) -> LivingFeed:
    feed = LivingFeed(service, "spark")
    feed.fill()
    return feed


@pytest.fixture(scope="module")
def spark(feed: LivingFeed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    with Spark(tmp_path_factory.mktemp("spark"), feed, master=CLUSTER) as spark:
        yield spark


def options(*feeds: LivingFeed, companies_each: int, **others: str) -> dict[str, str]:
    # However often, and however, a search is named, it is read once.
    searches = ",".join(f"{feed.search_id}, {feed.search_id.upper()}" for feed in feeds)
    return {"prospect_search_ids": searches, "partition_companies": str(companies_each), **others}


def moment(feed: LivingFeed) -> list[Any]:
    """As the program answers a read that it has carried out."""
    return sorted(
        [company["source_id"], company["delivered_at"].removesuffix("Z"), [person["email"] for person in company["prospects"]]]
        for company in feed.live()
    )


def elsewhere(stamp: str) -> str:
    """The same moment as another zone writes it."""
    return datetime.fromisoformat(stamp).astimezone(timezone(timedelta(hours=2))).isoformat()


def test_a_read_shows_one_moment_whatever_changes_meanwhile(spark: Spark, feed: LivingFeed) -> None:
    before = moment(feed)
    assert spark.do("plan", options=options(feed, companies_each=25))["partitions"] == 10
    erased = feed.stir()
    first, again = spark.do("carry_out")["rows"], spark.do("carry_out")["rows"]

    assert [len(row) for row in first] == [3] * 250
    assert first == again == [[source_id, at, [email for email in people if email != erased]] for source_id, at, people in before]


def test_a_read_in_parts_is_the_live_feed_of_every_search(spark: Spark, feed: LivingFeed, service: Service, tmp_path: Path) -> None:
    big = LivingFeed(service, "sparkbig")
    for start in range(0, COMPANIES, _A_DELIVERY):
        big.deliver(range(start, min(start + _A_DELIVERY, COMPANIES)))
    read = spark.do("read", to=f"{tmp_path}/table", options=options(feed, big, companies_each=COMPANIES // 10))

    assert read["partitions"] == 10 + 1
    assert companies_in(tmp_path / "table") == sorted(feed.live_companies() + big.live_companies())
    assert people_in(tmp_path / "table") == sorted(feed.live_people() + big.live_people())


def test_what_came_since_a_time_holds_what_was_withdrawn(spark: Spark, feed: LivingFeed, tmp_path: Path) -> None:
    live = feed.live()
    since, gone = live[9]["delivered_at"], live[20]
    feed.service.run("withdraw", feed.search_id, gone["id"], "--reason", "closed")
    spark.do("read", to=f"{tmp_path}/table", options=options(feed, companies_each=100, delivered_since=elsewhere(since)))

    assert companies_in(tmp_path / "table") == [row for row in feed.live_companies() if row[-1] > since]
    assert (gone["id"], "closed") in removals_in(tmp_path / "table")


def test_without_people_there_is_no_column_of_them(spark: Spark, feed: LivingFeed, tmp_path: Path) -> None:
    columns = spark.do("read", to=f"{tmp_path}/table", options=options(feed, companies_each=100, people="false"))["columns"]

    assert "prospects" not in columns
    assert companies_in(tmp_path / "table") == feed.live_companies()


def test_the_key_stands_in_no_plan_log_or_event(spark: Spark, feed: LivingFeed, tmp_path: Path) -> None:
    explained = spark.do("explain", options=options(feed, companies_each=100, api_key=feed.key))["text"]
    spark.do("read", to=f"{tmp_path}/table", options=options(feed, companies_each=100, api_key=feed.key))

    assert "openprospect" in explained
    assert "SparkListenerSQLExecutionStart" in spark.written()
    assert feed.key not in explained + spark.written()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"prospect_search_ids": ""}, "Name the searches to read"),
        ({"delivered_sinc": "2026-02-25T12:00:00Z"}, "There is no option delivered_sinc"),
        ({"delivered_since": "2026-02-25T12:00:00"}, "must be a time with its zone"),
        ({"people": "perhaps"}, "must be true or false"),
        ({"partition_companies": "0"}, "must be a whole number from 1"),
        ({"api_key": "opk_test_unknown"}, "not a whole key"),
    ],
)
def test_an_option_that_cannot_be_is_refused_by_name(spark: Spark, feed: LivingFeed, wrong: dict[str, str], said: str) -> None:
    assert said in spark.do("refused", options=options(feed, companies_each=100) | wrong)["error"]
