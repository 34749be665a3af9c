"""Timestamps as the wire writes and reads them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprospect.server.core.timestamps import format_timestamp, parse_timestamp

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(-(10**16), 25 * 10**16).map(lambda number: EPOCH + timedelta(microseconds=number))
NOON = datetime(2026, 2, 25, 12, tzinfo=UTC)


@given(MOMENTS)
def test_what_is_written_is_read_back_exactly(moment: datetime) -> None:
    assert parse_timestamp(format_timestamp(moment)) == moment


@given(MOMENTS, MOMENTS)
def test_text_order_is_time_order(one: datetime, other: datetime) -> None:
    assert (format_timestamp(one) < format_timestamp(other)) == (one < other)


@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_a_moment_has_one_spelling_whatever_its_zone(moment: datetime, minutes: int) -> None:
    assert format_timestamp(moment.astimezone(timezone(timedelta(minutes=minutes)))) == format_timestamp(moment)


def test_six_digits_are_always_written() -> None:
    assert format_timestamp(NOON) == "2026-02-25T12:00:00.000000Z"


@given(MOMENTS, st.text("0123456789", min_size=1, max_size=30))
def test_digits_past_the_sixth_are_cut(moment: datetime, more: str) -> None:
    assert parse_timestamp(format_timestamp(moment).replace("Z", f"{more}Z")) == moment


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-25T12:00:00Z",
        "2026-02-25T12:00:00.0Z",
        "2026-02-25t12:00z",
        "2026-02-25 12:00:00Z",
        "2026-02-25T14:00:00+02:00",
        "2026-02-25T14:00:00 02:00",
        "2026-02-25T14:00:00+0200",
        "2026-02-25T14:00:00+02",
        "2026-02-25T06:30:00-05:30",
        "2026-02-25T12:00:00,000000999Z",
    ],
)
def test_every_usual_spelling_is_understood(text: str) -> None:
    assert parse_timestamp(text) == NOON


@pytest.mark.parametrize(
    ("end", "neighbour"),
    [
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000001Z"),
        ("0001-01-01T01:00:00+01:00", "0001-01-01T00:00:00.000001Z"),
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999998Z"),
    ],
)
def test_the_ends_of_the_calendar_are_not_taken_for_infinity(end: str, neighbour: str) -> None:
    assert format_timestamp(parse_timestamp(end)) == neighbour


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-02-25T12:00:00", "no time zone"),
        ("2026-02-25 12:00:00.123", "no time zone"),
        ("2026-02-25", "date and time"),
        ("2026-02-25Z", "date and time"),
        ("12:00:00Z", "date and time"),
        ("1772020800", "date and time"),
        ("20260225T120000Z", "date and time"),
        ("2026-W09-3T12:00:00Z", "date and time"),
        ("٢٠٢٦-02-25T12:00:00Z", "date and time"),
        ("2026-02-25T12:00:00Z ", "date and time"),
        ("2026-02-25T12:00:00.Z", "date and time"),
        ("", "date and time"),
        ("2026-02-29T12:00:00Z", "exists"),
        ("2026-02-25T25:00:00Z", "exists"),
        ("2026-02-25T12:00:60Z", "exists"),
        ("0000-01-01T00:00:00Z", "exists"),
        ("0001-01-01T00:00:00+01:00", "exists"),
        ("9999-12-31T23:59:59-01:00", "exists"),
        ("2026-02-25T12:00:00+25:00", "exists"),
    ],
)
def test_what_is_no_moment_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_timestamp(text)


@given(st.text(max_size=40))
def test_any_other_text_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|has no"):
        parse_timestamp(text)
