"""Which walk a page belongs to, and where its page begins."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprospect.server.feed.walks import Walk, choose

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def a_walk(number: int, **changes: Any) -> Walk:
    """One that expects offset 50; those of higher numbers began later."""
    usual: dict[str, Any] = {
        "id": number,
        "watermark": NOON,
        "total": 200,
        "next_offset": 50,
        "next_position": 51,
        "page_offset": 0,
        "page_position": 0,
        "reached_offset": 50,
        "begun_at": NOON + timedelta(minutes=number),
        "is_expired": False,
        "told_at": None,
    }
    return Walk(**usual | changes)


def test_the_newest_walk_that_expects_the_offset_answers() -> None:
    newest, middle, oldest = a_walk(3, next_offset=150, reached_offset=150), a_walk(2), a_walk(1)
    assert choose([newest, middle, oldest], 50) is middle


def test_a_page_asked_for_again_is_answered_by_the_newest_walk_that_has_been_there() -> None:
    newest, middle, oldest = a_walk(3), a_walk(2, next_offset=150, reached_offset=150), a_walk(1, next_offset=None, reached_offset=200)
    assert choose([newest, middle, oldest], 100) is middle


def test_an_offset_that_no_walk_has_reached_is_answered_by_the_newest() -> None:
    newest, oldest = a_walk(2), a_walk(1)
    assert choose([newest, oldest], 100) is newest


def test_a_living_walk_answers_before_an_expired_one_that_does_not_expect_the_offset() -> None:
    expired, living = a_walk(2, is_expired=True, reached_offset=150), a_walk(1)
    assert choose([expired, living], 100) is living


def test_an_expired_walk_that_expects_the_offset_says_so() -> None:
    living, expired = a_walk(2, next_offset=100, reached_offset=100), a_walk(1, is_expired=True)
    assert choose([living, expired], 50) is expired


def test_an_expired_walk_has_said_so_once_its_consumer_began_anew() -> None:
    living, expired = a_walk(2, next_offset=100, reached_offset=100), a_walk(1, is_expired=True, told_at=NOON + timedelta(seconds=90))
    assert choose([living, expired], 50) is living


def test_an_expired_walk_says_so_again_until_its_consumer_begins_anew() -> None:
    expired = a_walk(1, is_expired=True, told_at=NOON + timedelta(seconds=90))
    assert choose([expired], 50) is expired


def test_without_any_walk_there_is_nothing_to_choose() -> None:
    assert choose([], 50) is None


@pytest.mark.parametrize(
    ("offset", "expected"), [(0, (0, 0)), (10, (0, 10)), (50, (77, 0)), (60, (77, 10)), (100, (133, 0)), (130, (133, 30))]
)
def test_a_page_begins_at_the_nearest_place_known_before_it(offset: int, expected: tuple[int, int]) -> None:
    walk = a_walk(1, page_offset=50, page_position=77, next_offset=100, next_position=133)
    assert walk.nearest_mark(offset) == expected


def test_after_the_last_page_the_places_before_it_are_still_known() -> None:
    walk = a_walk(1, page_offset=150, page_position=177, next_offset=None, next_position=None)
    assert (walk.nearest_mark(150), walk.nearest_mark(160), walk.nearest_mark(20)) == ((177, 0), (177, 10), (0, 20))


@given(st.lists(st.tuples(st.sampled_from([None, 50, 100]), st.integers(0, 2), st.booleans()), max_size=6), st.sampled_from([50, 100]))
def test_whoever_is_expected_is_never_answered_by_another_snapshot(states: list[tuple[int | None, int, bool]], offset: int) -> None:
    walks = [
        a_walk(number, next_offset=expects, reached_offset=reached * 50, is_expired=expired)
        for number, (expects, reached, expired) in enumerate(states)
    ][::-1]
    chosen = choose(walks, offset)
    expecting = [walk for walk in walks if walk.next_offset == offset]
    assert chosen is (expecting[0] if expecting else chosen)
    assert (chosen is None) == (not walks)
