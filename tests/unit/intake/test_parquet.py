"""Parquet files, flat and nested."""

import io
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openprospect.server.core.errors import InvalidInput
from openprospect.server.feed.exporting.formats.columns import columns_of
from openprospect.server.intake.formats.plain import plain
from tests.unit.intake.test_any_file import outcomes

from .conftest import Read

Reader = Callable[..., Read]


@pytest.fixture
def parquet(tmp_path: Path) -> Callable[..., Path]:
    def parquet(**columns: Any) -> Path:
        path = tmp_path / "companies.parquet"
        pq.write_table(pa.table(columns), path)
        return path

    return parquet


def test_a_flat_file_has_a_row_a_person(read: Reader, parquet: Callable[..., Path]) -> None:
    found = read(parquet(company_name=["A", "B", "A"], source_id=[1.0, 2.0, 1.0], email=["a@example.com", None, "c@example.com"]))
    assert found.people == [("A", "a@example.com"), ("A", "c@example.com")]
    assert [company.source_id for company in found.companies] == ["1", "2"]


def test_a_nested_file_has_a_row_a_company(read: Reader, parquet: Callable[..., Path]) -> None:
    found = read(
        parquet(
            name=["A", "B", None],
            source_id=[1.0, 2.0, 3.0],
            prospects=[[{"email": "a@example.com", "phone": "1"}], [], None],
        )
    )
    assert found.people == [("A", "a@example.com")]
    assert found.companies[0].prospects[0].attributes == {"phone": "1"}
    assert found.faults == [(3, "name", "missing or blank; expected the company's name")]
    assert found.columns == []


def test_blanks_are_no_id_and_around_a_value_they_are_none_of_it(read: Reader, parquet: Callable[..., Path]) -> None:
    found = read(
        parquet(company_name=["A", "B", " C "], source_id=["  ", "  ", "\u00a07 "], email=[" a@example.com", "b@example.com", " "])
    )
    assert found.people == [("A", "a@example.com"), ("B", "b@example.com")]
    assert (found.companies[2].name, found.companies[2].source_id) == ("C", "7")


@pytest.mark.parametrize("people", [["a@example.com"], [[{"email": "a@example.com"}]]], ids=["flat", "nested"])
def test_two_columns_of_one_name_are_refused(read: Reader, tmp_path: Path, people: list[Any]) -> None:
    path = tmp_path / "companies.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array(["A"]), pa.array(["B"]), pa.array(people)], names=["name", "name", "prospects"]), path)
    with pytest.raises(InvalidInput, match="The heading 'name' stands over columns 1 and 2"):
        read(path)


def test_values_become_what_json_knows(read: Reader, parquet: Callable[..., Path]) -> None:
    company = read(
        parquet(
            company=["A"],
            a=[date(2026, 1, 2)],
            b=[datetime(2026, 1, 2, 3, tzinfo=UTC)],
            c=[Decimal("1.50")],
            d=[math.nan],
            e=[["x", None]],
            f=[{"k": 1.0}],
            g=[b"text"],
        )
    ).company
    assert company.attributes == {
        "a": "2026-01-02",
        "b": "2026-01-02T03:00:00+00:00",
        "c": 1.5,
        "e": ["x", None],
        "f": {"k": 1},
        "g": "text",
    }


@pytest.mark.parametrize(
    ("numbers", "read_as"),
    [
        (["1234567890123456789", "1234567890123456790", "-" + "9" * 38], [1234567890123456789, 1234567890123456790, -int("9" * 38)]),
        (["1.50", "2.00", "NaN"], [1.5, 2, None]),
        (["0.12345678901234567", "1234567890123456.25"], ["0.12345678901234567", "1234567890123456.25"]),
    ],
)
def test_decimals_keep_every_digit(numbers: list[str], read_as: list[object]) -> None:
    assert [plain(Decimal(number)) for number in numbers] == read_as


def test_source_ids_that_are_decimals_tell_companies_apart(read: Reader, parquet: Callable[..., Path]) -> None:
    numbers = [Decimal(1234567890123456789), Decimal(1234567890123456790)]
    found = read(parquet(company_name=["A", "B"], source_id=pa.array(numbers, pa.decimal128(38, 0))))
    assert [(company.name, company.source_id) for company in found.companies] == [("A", str(numbers[0])), ("B", str(numbers[1]))]


NANOSECONDS = 1_700_000_000_123_456_789
CUT = "2023-11-14T22:13:20.123456"
_NS = pa.timestamp("ns")


@pytest.mark.parametrize(
    ("kind", "value", "read_as"),
    [
        (_NS, NANOSECONDS, CUT),
        (pa.timestamp("ns", "UTC"), NANOSECONDS, CUT + "+00:00"),
        (pa.time64("ns"), 1_999, "00:00:00.000001"),
        (pa.duration("ns"), 1_999, "0:00:00.000001"),
        (pa.list_(_NS), [NANOSECONDS, None], [CUT, None]),
        (pa.list_(_NS, 1), [NANOSECONDS], [CUT]),
        (pa.large_list(pa.struct([("at", _NS), ("n", pa.int8())])), [{"at": NANOSECONDS, "n": 1}], [{"at": CUT, "n": 1}]),
        (pa.map_(pa.string(), pa.list_(_NS)), [("k", [NANOSECONDS])], [["k", [CUT]]]),
        (_NS, 1_700_000_000_123_456_000, CUT),
    ],
)
def test_nanoseconds_are_cut_at_any_depth(read: Reader, parquet: Callable[..., Path], kind: pa.DataType, value: Any, read_as: Any) -> None:
    """In a file of several batches, which are slices of what was read."""
    size = 2_500
    found = read(parquet(company_name=[f"Hotel {n}" for n in range(size)], at=pa.array([value] * size, kind)))
    assert [company.attributes for company in found.companies] == [{"at": read_as}] * size


def test_a_moment_at_midnight_stays_a_moment(read: Reader, parquet: Callable[..., Path]) -> None:
    midnight = pa.array([0], pa.timestamp("us"))
    assert read(parquet(company=["A"], at=midnight, day=[date(1970, 1, 1)])).company.attributes == {
        "at": "1970-01-01T00:00:00",
        "day": "1970-01-01",
    }


@pytest.mark.parametrize("kind", [pa.list_(pa.float32()), pa.struct([("x", pa.float32()), ("at", _NS)])])
def test_single_precision_has_no_more_digits_than_were_written(read: Reader, parquet: Callable[..., Path], kind: pa.DataType) -> None:
    nested = [[0.1, math.nan, None]] if pa.types.is_list(kind) else [{"x": 0.1, "at": NANOSECONDS}]
    found = read(parquet(company=["A"], score=pa.array([0.1], pa.float32()), inner=pa.array(nested, kind))).company.attributes
    assert found == {"score": 0.1, "inner": [0.1, None, None] if pa.types.is_list(kind) else {"x": 0.1, "at": CUT}}


@pytest.mark.parametrize("people", [{"email": ["a@example.com"]}, {"prospects": [[{"email": "a@example.com"}]]}], ids=["flat", "nested"])
def test_a_binary_value_is_called_one(read: Reader, parquet: Callable[..., Path], people: dict[str, Any]) -> None:
    found = read(parquet(name=["A", "B"], logo=[b"text", b"\xff\x00"], **{name: value * 2 for name, value in people.items()}))
    assert [company.name for company in found.companies] == ["A"]
    [(line, _, reason)] = found.faults
    assert line == 2
    assert "binary value" in reason
    assert "no text" in reason


def test_what_the_export_wrote_is_read_as_it_was(read: Reader, tmp_path: Path) -> None:
    company = b"""{"id": "a1b2c3d4-e5f6-7890-abcd-ef1234567890", "name": "A", "delivered_at": "2026-01-02T00:00:00.000001Z",
        "attributes": {"city": "Bonn", "x": {"y": [1.5, null]}},
        "prospects": [{"id": "e5f6a7b8-c9d0-1234-e5f6-a7b8c9d01234", "first_name": "Bo", "attributes": {"phone": "1"}}]}"""
    lines = company.replace(b"\n", b"") + b"\n"
    pq.write_table(pa.Table.from_batches([columns_of(lines)]), tmp_path / "feed.parquet")
    assert read(tmp_path / "feed.parquet").companies == read(lines, "feed.ndjson").companies


@pytest.mark.parametrize("text", ['["x"]', "x", '{"x": 1'])
def test_attributes_that_are_no_object_are_a_fault(read: Reader, parquet: Callable[..., Path], text: str) -> None:
    people = [[{"first_name": "Bo", "attributes": '{"x": 1}'}], [{"first_name": "Bo", "attributes": text}]]
    found = read(parquet(name=["A", "B"], attributes=['{"city": "Bonn"}', text], prospects=people))
    assert found.companies[0].attributes == {"city": "Bonn"}
    assert found.companies[0].prospects[0].attributes == {"x": 1}
    assert [(line, field) for line, field, _ in found.faults] == [(2, "attributes"), (2, "prospects[0].attributes")]


@pytest.mark.parametrize("content", [b"PAR1", b"a,b\n", b"PAR1" + b"x" * 100 + b"PAR1"])
def test_what_is_no_parquet_is_told(read: Reader, content: bytes) -> None:
    with pytest.raises(InvalidInput, match="no Parquet file"):
        read(content, "x.parquet")


def whole() -> bytes:
    """A file with a column of each kind that can be damaged in its own way, uncompressed so that damage gets through."""
    file = io.BytesIO()
    columns = {
        "company_name": ["A", "B"],
        "email": ["a@example.com", "b@example.com"],
        "day": [date(2026, 1, 1)] * 2,
        "at": [time(9, 5)] * 2,
    }
    pq.write_table(pa.table(columns), file, compression="none", use_dictionary=False)
    return file.getvalue()


WHOLE = whole()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_any_damage_to_a_parquet_file_gives_rows_or_says_what_is_wrong(damage: list[tuple[int, int]]) -> None:
    content = bytearray(WHOLE)
    for place, byte in damage:
        content[place] = byte
    try:
        found = outcomes(bytes(content), ".parquet")
    except InvalidInput:
        return
    assert len(found) <= len(WHOLE)


@pytest.mark.parametrize(("sound", "damaged"), [(b"a@example", b"\xff@example"), (date(2026, 1, 1).toordinal(), 1 << 30)])
def test_text_and_dates_that_are_none_are_told(sound: bytes | int, damaged: bytes | int) -> None:
    was, becomes = (as_stored(value) for value in (sound, damaged))
    assert was in WHOLE
    with pytest.raises(InvalidInput, match="damaged"):
        outcomes(WHOLE.replace(was, becomes), ".parquet")


def as_stored(value: bytes | int) -> bytes:
    """Text as it is; a day as its number since 1970, where it is a day at all."""
    return value if isinstance(value, bytes) else (value - date(1970, 1, 1).toordinal()).to_bytes(4, "little")
