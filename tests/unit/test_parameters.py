"""Query parameters are read strictly, and documented from the same declaration."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprospect.server.core.errors import InvalidInput
from openprospect.server.http.paging import LIMIT, OFFSET
from openprospect.server.http.parameters import Identifier, Moment, Parameter, Query, Text, declared, identifier, path_identifier

SINCE = Moment("delivered_since", description="")
REASON = Text("reason", maximum_length=10, description="")
SEARCH_ID = Identifier("prospect_search_id", description="")
ALL: tuple[Parameter[Any], ...] = (LIMIT, OFFSET, SINCE, REASON, SEARCH_ID)


def read(query_string: str | bytes, *parameters: Parameter[Any]) -> Query:
    return Query(query_string.encode() if isinstance(query_string, str) else query_string, parameters or ALL)


def fault(query_string: str | bytes, *parameters: Parameter[Any]) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read(query_string, *parameters)
    return caught.value


def test_what_is_not_given_has_its_default():
    found = read("")
    assert [found[parameter] for parameter in ALL] == [50, 0, None, None, None]


@given(st.integers(1, 100), st.integers(0, 2**63 - 1))
def test_numbers_within_their_range_are_read_exactly(limit, offset):
    found = read(urlencode({"limit": limit, "offset": offset}))
    assert (found[LIMIT], found[OFFSET]) == (limit, offset)


@given(st.integers().filter(lambda number: not 1 <= number <= 100))
def test_a_number_out_of_its_range_is_refused_with_the_range(number):
    error = fault(f"limit={number}")
    assert error.message == "limit must be a whole number from 1 to 100."
    assert error.details == {"parameter": "limit"}


@given(st.text())
def test_no_text_is_taken_for_a_number_by_mistake(text):
    plain = text.isascii() and text.removeprefix("-").isdigit()
    if not (plain and 1 <= int(text) <= 100):
        assert fault(urlencode({"limit": text})).details == {"parameter": "limit"}


@pytest.mark.parametrize("text", ["", " 1", "1 ", "1.0", "1e2", "0x10", "\u0661", "1_0", "--1", "+1", "NaN", "null"])
def test_only_plain_digits_are_a_number(text):
    assert fault(urlencode({"limit": text})).details == {"parameter": "limit"}


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_timestamp_is_read_whatever_its_sign_was_escaped_to(moment):
    text = moment.isoformat()
    assert read(urlencode({"delivered_since": text}))[SINCE] == moment
    assert read(f"delivered_since={text}")[SINCE] == moment


def test_a_timestamp_without_a_zone_is_refused_and_says_what_to_add():
    assert "has no time zone; add Z" in fault("delivered_since=2026-02-25T12:00:00").message


@given(st.text(max_size=12))
def test_text_is_kept_as_it_is_up_to_its_length_and_without_nul(text):
    encoded = urlencode({"reason": text})
    if len(text) <= 10 and "\0" not in text:
        assert read(encoded)[REASON] == text
    else:
        assert fault(encoded).details == {"parameter": "reason"}


@given(st.uuids())
def test_a_uuid_is_read_in_either_case(wanted):
    for text in (str(wanted), str(wanted).upper()):
        assert read(f"prospect_search_id={text}")[SEARCH_ID] == wanted
        assert identifier(text) == path_identifier("id", text) == wanted


@pytest.mark.parametrize("form", ["{0.hex}", "{{{0}}}", "urn:uuid:{0}", " {0}", "{0}\n", "{0}0"])
def test_other_spellings_of_a_uuid_are_refused(form):
    text = form.format(UUID("a1b2c3d4-e5f6-7890-abcd-ef1234567890"))
    with pytest.raises(InvalidInput) as caught:
        path_identifier("company_id", text)
    assert caught.value.details == {"parameter": "company_id"}
    assert text.strip() not in caught.value.message.replace("such as a1b2c3d4-e5f6-7890-abcd-ef1234567890", "")


def test_an_unknown_parameter_is_named_with_those_that_are_known():
    error = fault("delivered_sinc=x", SINCE, LIMIT)
    assert error.message == "Unknown query parameter delivered_sinc. This endpoint takes delivered_since, limit."
    assert error.details == {"parameter": "delivered_sinc"}


def test_where_no_parameter_is_known_the_message_says_so():
    with pytest.raises(InvalidInput, match="This endpoint takes none"):
        Query(b"a=1", ())


@pytest.mark.parametrize("name", ["opk_live_" + "x" * 32, "a b", "<script>", "x" * 41, "", "m@hotel.example"])
def test_the_name_of_an_unknown_parameter_that_may_be_a_secret_is_not_repeated(name):
    error = fault(f"{quote(name)}=1")
    assert error.details == {"parameter": "(not shown)"}
    assert not name or name not in error.message


def test_a_parameter_given_twice_is_refused_even_with_one_value():
    assert fault("limit=5&limit=5").message == "limit is given 2 times; give it once."


@given(st.binary(max_size=60))
def test_any_query_string_is_read_or_refused_as_malformed(raw):
    with suppress(InvalidInput):
        read(raw)


@pytest.mark.parametrize("raw", [b"limit=%ff", b"\xff", b"limit=%ed%a0%80", b"&".join(b"a%d=1" % number for number in range(51))])
def test_a_query_string_that_is_not_utf_8_or_is_endless_is_refused(raw):
    assert "percent-encoded UTF-8" in fault(raw).message


def test_a_schema_says_what_parsing_does():
    assert LIMIT.schema() == {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}
    assert SEARCH_ID.schema() == {"type": "string", "format": "uuid"}
    assert SINCE.schema()["format"] == "date-time"
    assert REASON.schema() == {"type": "string", "maxLength": 10, "pattern": "^[^\\u0000]*$"}


def test_a_route_that_declares_nothing_knows_no_parameter():
    assert declared({}) == ()


def test_a_moment_is_always_in_utc():
    found = read("delivered_since=2026-02-25T14:00:00%2B02:00")[SINCE]
    assert found == datetime(2026, 2, 25, 12, tzinfo=UTC)
    assert found is not None
    assert found.utcoffset() == datetime.now(UTC).utcoffset()
