"""When a failed message is sent again, and when an endpoint is given up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprospect.server.webhooks.retry import retry_after, verdict

NOW = datetime(2026, 2, 25, 12, tzinfo=UTC)
SHORT = timedelta(seconds=1)
CHANCES = st.floats(0, 1)


def delay(failures, *, chance=0.5, wish=None):
    return verdict(failures=failures, failing_for=SHORT, status=500, retry_after=wish, chance=chance).delay.total_seconds()


def test_the_first_retry_comes_after_half_a_second_and_later_ones_ever_later():
    assert [delay(failures) for failures in range(1, 11)] == [0.5, 5, 30, 120, 600, 1800, 3600, 7200, 14400, 14400]


def test_an_endpoint_that_stays_away_is_asked_26_times_in_three_days_and_given_up_in_the_sixth():
    asked: list[timedelta] = []
    clock = timedelta()
    while not asked or verdict(failures=len(asked), failing_for=clock, status=500, retry_after=None, chance=0.5).disabled_reason is None:
        clock += timedelta(seconds=delay(len(asked))) if asked else timedelta()
        asked.append(clock)
    assert len([moment for moment in asked if moment <= timedelta(days=3)]) == 26
    assert len(asked) == 39
    assert timedelta(days=5) <= clock < timedelta(days=5, hours=4)


@given(st.integers(1, 1000), CHANCES)
def test_jitter_is_a_fifth_at_most(failures, chance):
    assert abs(delay(failures, chance=chance) / delay(failures) - 1) <= 0.2 + 1e-6


@given(st.integers(1, 20), CHANCES, st.integers(0, 80_000))
def test_nobody_is_asked_sooner_than_they_wish(failures, chance, seconds):
    assert delay(failures, chance=chance, wish=timedelta(seconds=seconds)) >= seconds


def test_an_endpoint_that_is_gone_is_given_up_at_once():
    ruling = verdict(failures=1, failing_for=timedelta(), status=410, retry_after=None, chance=0.5)
    assert ruling.disabled_reason == "The endpoint answered 410 Gone."


@pytest.mark.parametrize(("days", "is_given_up"), [(4.99, False), (5, True)])
def test_an_endpoint_is_given_up_after_five_days_of_nothing_but_failure(days, is_given_up):
    ruling = verdict(failures=40, failing_for=timedelta(days=days), status=None, retry_after=None, chance=0.5)
    assert (ruling.disabled_reason is not None) is is_given_up


def test_nobody_is_given_up_who_was_hardly_asked_in_those_days():
    ruling = verdict(failures=11, failing_for=timedelta(days=6), status=500, retry_after=None, chance=0.5)
    assert ruling.disabled_reason is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("999999999999", 86_400),
        ("Wed, 25 Feb 2026 12:05:00 GMT", 300),
        ("Wed, 25 Feb 2026 11:00:00 GMT", 0),
        ("Wed, 25 Feb 2099 12:00:00 GMT", 86_400),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("²", None),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date_and_capped(value, seconds):
    assert retry_after(value, now=NOW) == (None if seconds is None else timedelta(seconds=seconds))


@given(st.text())
def test_any_retry_after_is_understood_or_passed_over(value):
    wait = retry_after(value, now=NOW)
    assert wait is None or timedelta() <= wait <= timedelta(days=1)
