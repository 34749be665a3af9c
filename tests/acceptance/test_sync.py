"""`openprospect sync` from the real service into every destination: what the feed holds is what stands there.

OPENPROSPECT_TEST_SYNC_KILLS and OPENPROSPECT_TEST_SYNC_COMPANIES make more kills, in a larger feed.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from openprospect.demo.service import COMMAND
from openprospect.sync.destinations.opening import held_in
from openprospect.sync.errors import DestinationRefused
from tests.acceptance.conftest import Service
from tests.sync.test_duckdb import DuckdbCopy
from tests.sync.test_parquet import ParquetCopy
from tests.sync.test_postgresql import PostgresCopy
from tests.sync.test_sqlite import SqliteCopy

KILLS = int(os.environ.get("OPENPROSPECT_TEST_SYNC_KILLS", "4"))
COMPANIES = int(os.environ.get("OPENPROSPECT_TEST_SYNC_COMPANIES", "6000"))

Copy = DuckdbCopy | SqliteCopy | ParquetCopy | PostgresCopy


@pytest.fixture(params=["duckdb", "sqlite", "parquet", "postgresql"])
def copy(request: pytest.FixtureRequest, tmp_path: Path, postgres: str) -> Copy:
    """An empty destination of each kind."""
    kinds: dict[str, Callable[[], Copy]] = {
        "duckdb": lambda: DuckdbCopy(tmp_path / "feed.duckdb"),
        "sqlite": lambda: SqliteCopy(tmp_path / "feed.db"),
        "parquet": lambda: ParquetCopy(tmp_path / "lake"),
        "postgresql": lambda: PostgresCopy(postgres),
    }
    return kinds[request.param]()


@pytest.fixture
def reader(service: Service) -> Iterator[httpx.Client]:
    """A consumer of its own name: looking at the feed moves nobody else's receipt."""
    key = service.new_key("onlooker")
    with httpx.Client(base_url=f"{service.base_url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def feed_to_kill(service: Service) -> str:
    """One feed for all kinds of destination: nobody changes it."""
    search = service.new_search("to kill")
    for first in range(0, COMPANIES, 10_000):
        service.deliver(search, [company(n) for n in range(first, min(first + 10_000, COMPANIES))])
    return search


def test_a_withdrawal_and_an_erasure_are_gone_after_the_next_sync(service: Service, reader: httpx.Client, copy: Copy) -> None:
    # An erased person stays out of the whole organization: each kind of destination has people of its own.
    kind = type(copy).__name__.lower()
    search, key = service.new_search("to leave"), service.new_key(f"warehouse of {kind}")
    service.deliver(search, [company(n, kind) for n in range(300)])
    first = sync(service, search, copy, key)
    again = sync(service, search, copy, key)
    assert (first["companies"], first["prospects"], again["companies"], again["removed"]) == (300, 600, 0, 0)
    assert_same(copy, reader, search)

    ids = [row["id"] for row in copy.rows("companies")]
    service.run("withdraw", search, *ids[:5], "--reason", "closed")
    service.run("erase", f"p1.200@{kind}200.example")
    service.deliver(search, [company(n, kind, city="Rome") for n in range(290, 310)])
    third = sync(service, search, copy, key)

    assert third["removed"] == 5
    assert_same(copy, reader, search)
    assert not [row for row in copy.rows("prospects") if row["email"] == f"p1.200@{kind}200.example"]
    (receipt,) = [line for line in service.run("receipts", search) if line["key_name"].startswith("warehouse")]
    assert (receipt["behind_companies"], receipt["delivered_until"]) == (0, third["delivered_until"])


def test_a_sync_killed_at_any_moment_goes_on_where_its_data_ends(
    service: Service, reader: httpx.Client, copy: Copy, feed_to_kill: str
) -> None:
    search, key = feed_to_kill, service.new_key("killed")
    live = walked(reader, search)
    moments = random.Random(4)  # any sequence will do, the same one each time shows the same failure
    kills, reach_seconds, before = 0, 1.2, None
    while kills < KILLS:
        is_whole = before == live[-1]["delivered_at"]
        was_killed = killed_after(moments.uniform(0.3, reach_seconds), service, search, copy, key, *(["--full"] if is_whole else []))
        position = reached(copy)
        assert_holds_up_to(position, copy, live)
        # So that kills fall all over a run, however fast it is here.
        is_too_early = position == before and not is_whole
        reach_seconds *= 0.8 if not was_killed else 1.2 if is_too_early else 1.0
        kills, before = kills + was_killed, position

    sync(service, search, copy, key)

    assert_same(copy, reader, search)


def test_a_wrong_key_a_missing_scope_and_a_search_that_is_gone_end_with_one_sentence(service: Service, tmp_path: Path) -> None:
    search, to = service.new_search("refused"), f"duckdb:///{tmp_path}/refused.duckdb"
    half = service.new_key("half", scopes=["companies:read"])
    whole = service.new_key("whole")
    nowhere = "00000000-0000-4000-8000-000000000000"

    for key, wanted, words in ((f"{whole[:-1]}_", search, "key"), (half, search, "prospects:read"), (whole, nowhere, "search")):
        done = subprocess.run(
            [COMMAND, "sync", wanted, "--to", to],
            env=service.environment | {"OPENPROSPECT_API_KEY": key},
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert (done.returncode, words in said, "Traceback" in said) == (2, True, False), said


def test_status_tells_what_a_destination_holds_and_up_to_when(service: Service, copy: Copy) -> None:
    search, key = service.new_search("status"), service.new_key("status")
    service.deliver(search, [company(n) for n in range(7)])
    synced = sync(service, search, copy, key)

    (held,) = service.run("status", "--to", copy.url, "--max-age", "1h")

    assert (held["search_id"], held["companies"], held["prospects"]) == (search, 7, 14)
    assert held["delivered_until"] == synced["delivered_until"]


def company(number: int, host: str = "company", **attributes: Any) -> dict[str, Any]:
    people = [{"first_name": f"First{n}", "last_name": f"Last{number}", "email": f"p{n}.{number}@{host}{number}.example"} for n in range(2)]
    return {"name": f"Company {number}", "source_id": f"crm-{number}", "prospects": people, **attributes}


def sync(service: Service, search: str, copy: Copy, key: str) -> dict[str, Any]:
    (summary,) = service.run("sync", search, "--to", copy.url, OPENPROSPECT_API_KEY=key)
    return dict(summary)


def reached(copy: Copy) -> str | None:
    """The position that stands in a destination; None where nothing was stored yet."""
    try:
        held = held_in(copy.url)
    except DestinationRefused:
        return None
    return held[0].delivered_until if held else None


def assert_holds_up_to(position: str | None, copy: Copy, live: list[dict[str, Any]]) -> None:
    """The position is not ahead of the data: every company delivered up to it is there, as of then."""
    if position is None:
        return
    stored = {(row["id"], row["delivered_at"]) for row in copy.rows("companies")}
    assert [one["id"] for one in live if one["delivered_at"] <= position and (one["id"], one["delivered_at"]) not in stored] == []


def killed_after(seconds: float, service: Service, search: str, copy: Copy, key: str, *options: str) -> bool:
    """Whether the run was still going when its time was up."""
    process = subprocess.Popen(
        [COMMAND, "sync", search, "--to", copy.url, *options],
        env=service.environment | {"OPENPROSPECT_API_KEY": key},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(seconds)
    process.kill()
    return process.wait() == -signal.SIGKILL


def assert_same(copy: Copy, reader: httpx.Client, search: str) -> None:
    """Companies and people of the destination are those of the live feed, as the documented client pages through it."""
    live = walked(reader, search)
    fields = ("id", "name", "website_url", "source_id", "delivered_at")
    assert sorted(tuple(row[name] for name in fields) for row in copy.rows("companies")) == sorted(
        tuple(one[name] for name in fields) for one in live
    )
    people = ("id", "first_name", "last_name", "email", "job_title")
    assert sorted((row["company_id"], *(row[name] for name in people)) for row in copy.rows("prospects")) == sorted(
        (one["id"], *(who[name] for name in people)) for one in live for who in one["prospects"]
    )


def walked(reader: httpx.Client, search: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    while True:
        page = reader.get(f"/deliveries/{search}/companies", params={"limit": 100, "offset": len(items)}).raise_for_status().json()
        items += page["items"]
        if not page["has_more"]:
            return items
