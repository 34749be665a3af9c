"""A batch as it arrives: a company a line, whatever lies between the lines."""

import tracemalloc

import pytest

from openprospect.server.core.errors import InvalidInput, RejectedRows
from openprospect.server.feed.writing.produce import rows_of_ndjson


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
