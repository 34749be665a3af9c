"""How old a copy may be before whoever watches it is told."""

from dataclasses import replace
from datetime import UTC, datetime

from openprospect.sync.destinations.base import Held
from openprospect.sync.freshness import too_old

FRESH = Held(search_id="a", server="x", companies=1, prospects=0, delivered_until=None, synced_at="2026-02-25T12:00:00Z")
OLDEST = datetime(2026, 2, 25, 12, tzinfo=UTC)


def test_a_copy_is_fresh_until_its_last_whole_run_is_longer_ago() -> None:
    assert too_old([FRESH], OLDEST) == []
    late = replace(FRESH, search_id="b", synced_at="2026-02-25T11:59:59Z")
    assert too_old([FRESH, late], OLDEST) == ["b was last synced at 2026-02-25T11:59:59Z."]


def test_a_search_that_no_run_has_come_to_the_end_of_is_too_old() -> None:
    assert too_old([replace(FRESH, synced_at=None)], OLDEST) == ["a was never synced to its end."]


def test_an_empty_destination_is_too_old() -> None:
    assert too_old([], OLDEST) == ["Nothing was ever synced into this destination."]
