"""A batch as it arrives: a company a line, whatever lies between the lines."""

import tracemalloc

import pytest

from openprospect.server.core.errors import InvalidInput, RejectedRows
from openprospect.server.feed.writing.produce import MAX_VALUES, rows_of_json, rows_of_ndjson

ROWS = b'{"companies": [%b]}'
ATTRIBUTE = b'{"name": "x", "a": [%b]}'


def test_lines_that_are_blank_count_for_nothing_and_cost_nothing():
    body = b"\n \r\n\t" * 200_000
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInput, match="A batch has 1 to 1,000 companies"):
            rows_of_ndjson(body)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_a_line_may_end_as_any_system_ends_it_and_the_last_one_not_at_all():
    assert [row.name for row in rows_of_ndjson(b'\r\n  {"name": "a"}\x0b\r\n\n{"name": "b"} \n{"name": "c"}')] == ["a", "b", "c"]


def test_a_line_that_is_no_json_is_named_by_its_place_among_the_companies():
    with pytest.raises(RejectedRows) as caught:
        rows_of_ndjson(b'{"name": "a"}\n\n{"name":\n{"name": "c"}\n')
    assert [(row["index"], row["field"]) for row in caught.value.details["rows"]] == [(1, "")]


@pytest.mark.parametrize("reader", [rows_of_json, rows_of_ndjson])
@pytest.mark.parametrize("value", [b"[]", b"{}", b"1", b'{"a":1}'])
@pytest.mark.parametrize("within", [ROWS, ATTRIBUTE])
def test_a_body_of_many_small_values_is_refused_before_any_is_built(reader, within, value):
    values = b",".join([value] * MAX_VALUES)
    body = within % values if reader is rows_of_ndjson or within is ROWS else ROWS % (within % values)
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInput, match="no more than 2,000,000 values in all"):
            reader(body)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_as_many_values_as_there_may_be_are_taken_and_one_more_is_not():
    companies = [b'{"name": "%d", "ones": [%b]}' % (number, b",".join([b"1"] * 499_996)) for number in range(4)]
    body = ROWS % b",".join(companies)
    room = MAX_VALUES - sum(body.count(token) for token in (b",", b"[", b"{"))
    assert len(rows_of_json(body.replace(b'"name"', b'"id": null, ' * room + b'"name"', 1))) == 4
    with pytest.raises(InvalidInput, match="values in all"):
        rows_of_json(body.replace(b'"name"', b'"id": null, ' * (room + 1) + b'"name"', 1))
