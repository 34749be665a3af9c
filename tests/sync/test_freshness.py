"""How old a copy may be before whoever watches it is told."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb

from openprospect.demo.service import COMMAND, clean_environment
from openprospect.sync.destinations.base import Held
from openprospect.sync.destinations.opening import when_free
from openprospect.sync.errors import Busy
from openprospect.sync.freshness import too_old

FRESH = Held(search_id="a", server="x", companies=1, prospects=0, delivered_until=None, synced_at="2026-02-25T12:00:00Z")
NOW = datetime(2026, 2, 25, 13, tzinfo=UTC)
found_late = partial(too_old, now=NOW, max_age=timedelta(hours=1))


def test_a_copy_is_fresh_until_its_last_whole_run_is_longer_ago() -> None:
    assert found_late([FRESH]) == []
    late = replace(FRESH, search_id="b", synced_at="2026-02-25T11:59:59Z")
    assert found_late([FRESH, late]) == ["b was last synced at 2026-02-25T11:59:59Z."]


def test_a_search_that_no_run_has_come_to_the_end_of_is_too_old() -> None:
    assert found_late([replace(FRESH, synced_at=None)]) == ["a was never synced to its end."]


def test_an_empty_destination_is_too_old() -> None:
    assert found_late([]) == ["Nothing was ever synced into this destination."]


def test_a_run_that_is_dated_by_a_clock_ahead_counts_no_more_than_a_minute_before_its_time() -> None:
    assert found_late([replace(FRESH, synced_at="2026-02-25T13:01:00Z")]) == []
    assert found_late([replace(FRESH, synced_at="2026-02-25T13:01:01Z")]) == [
        "a was last synced at 2026-02-25T13:01:01Z, a time yet to come: set the clocks right and sync again."
    ]


def test_a_file_that_a_run_has_open_is_waited_for_and_then_told_apart_from_a_copy_that_is_late(tmp_path: Path) -> None:
    path = tmp_path / "feed.duckdb"
    status = [COMMAND, "status", "--to", f"duckdb:///{path}", "--max-age", "1h"]
    with duckdb.connect(path):
        done = subprocess.run(status, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "is open in another process" in done.stderr


def test_what_is_free_again_within_the_time_is_read() -> None:
    tries = iter([True, True, False])

    def read() -> list[Held]:
        if next(tries):
            raise Busy("open in another process")
        return [FRESH]

    assert when_free(read, pause_seconds=0) == [FRESH]
