"""Parquet files, flat and nested."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from openprospect.server.core.errors import InvalidInput

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


@pytest.mark.parametrize("content", [b"PAR1", b"a,b\n", b"PAR1" + b"x" * 100 + b"PAR1"])
def test_what_is_no_parquet_is_told(read: Reader, content: bytes) -> None:
    with pytest.raises(InvalidInput, match="no Parquet file"):
        read(content, "x.parquet")
