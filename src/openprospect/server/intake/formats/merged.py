"""Cells that were merged down a column: the file holds their value in the first row alone, and people see it in all of them."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, BinaryIO

from openpyxl.utils import column_index_from_string

_RANGE = re.compile(rb'<(?:\w+:)?mergeCell\b[^<>]*?\bref="([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})"')
_CHUNK = 1 << 18
_LONGEST_TAG = 1 << 9
_MOST_RANGES = 1 << 17

Rows = Iterator[tuple[int, list[Any]]]
Ranges = dict[int, set[tuple[int, int]]]
"""By first row: the place of the column, and the last row."""


def repeated(rows: Rows, merged: Ranges) -> Rows:
    """The rows with such values in each of theirs."""
    going_on: list[tuple[int, int, Any]] = []
    for number, values in rows:
        going_on = [(place, last, value) for place, last, value in going_on if number <= last]
        for place, _, value in going_on:
            values.extend([None] * (place + 1 - len(values)))
            values[place] = value
        going_on += [(place, last, values[place]) for place, last in merged.get(number, ()) if place < len(values)]
        yield number, values


def merged_down(source: BinaryIO, *, below: int) -> Ranges:
    """What a sheet, given as XML, names as merged behind its rows, and begins below this one: headings and titles are no values."""
    found: Ranges = defaultdict(set)
    rest = b""
    while chunk := source.read(_CHUNK):
        rest = rest[-_LONGEST_TAG:] + chunk
        for column, first, last in _RANGE.findall(rest):
            if int(last) > int(first) > below:
                found[int(first)].add((column_index_from_string(column.decode()) - 1, int(last)))
        if len(found) > _MOST_RANGES:
            raise ValueError("more merged cells than any table has")
    return found
