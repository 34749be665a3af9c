"""Lengths of time on the command line: one grammar for every option."""

import pytest

from openprospect.cli.durations import duration
from openprospect.server.core.errors import InvalidInput


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("1.5h", 5_400), ("1d", 86_400), ("2w", 1_209_600)])
def test_a_number_and_a_unit_make_a_duration(text, seconds):
    assert duration(text, option="--every").total_seconds() == seconds


@pytest.mark.parametrize("text", ["15", "m", "0m", "-1m", "15 min", "", "1y"])
def test_what_is_no_duration_is_refused_by_the_options_name(text):
    with pytest.raises(InvalidInput, match=r"^--every .* is no duration"):
        duration(text, option="--every")


def test_no_duration_leads_beyond_the_calendar():
    assert duration("3650d", option="--every").days == 3_650
    with pytest.raises(InvalidInput, match=r"^--expires-in '999999w' is too long; at most 3650d"):
        duration("999999w", option="--expires-in")
