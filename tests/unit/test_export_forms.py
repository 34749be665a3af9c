"""Parquet and Arrow hold what the lines of JSON hold: every field, in order, whatever the batches."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from openprospect.server.core.timestamps import parse_timestamp
from openprospect.server.feed.exporting.formats import FORMATS
from openprospect.server.feed.rows.document import encode_document
from openprospect.server.feed.wire import DeliveredCompany, DeliveredProspect

BEGIN = datetime(2026, 2, 25, 12, tzinfo=UTC)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ATTRIBUTES = st.just(UNSET) | st.dictionaries(TEXT, TEXT | st.integers(-9, 9) | st.none() | st.lists(st.booleans()), min_size=1, max_size=3)
PROSPECTS = st.builds(
    DeliveredProspect,
    id=st.uuids(),
    first_name=st.none() | TEXT,
    last_name=st.none() | TEXT,
    email=st.none() | TEXT,
    job_title=st.none() | TEXT,
    attributes=ATTRIBUTES,
)
COMPANIES = st.builds(
    DeliveredCompany,
    id=st.uuids(),
    name=TEXT,
    website_url=st.none() | TEXT,
    source_id=st.none() | TEXT,
    prospects=st.lists(PROSPECTS, max_size=3),
    delivered_at=st.just(""),
    attributes=ATTRIBUTES,
    removed_at=st.just(UNSET) | st.just(""),
    removal_reason=st.just(UNSET) | st.none() | TEXT,
)


def encoded(form: str, batches: list[list[str]]) -> bytes:
    async def lines() -> AsyncIterator[bytes]:
        for batch in batches:
            yield "".join(f"{document}\n" for document in batch).encode()

    async def whole() -> bytes:
        return b"".join([chunk async for chunk in FORMATS[form].encode(lines())])

    return asyncio.run(whole())


def read_back(form: str, data: bytes) -> list[dict[str, Any]]:
    table = pq.read_table(io.BytesIO(data)) if form == "parquet" else pa.ipc.open_stream(data).read_all()
    table.validate(full=True)
    return table.to_pylist()


def row_of(document: str) -> dict[str, Any]:
    """What a reader of the columns should find."""
    company = msgspec.json.decode(document)
    row: dict[str, Any] = dict.fromkeys(("website_url", "source_id", "removed_at", "removal_reason", "attributes")) | company
    row |= {name: row[name] and parse_timestamp(row[name]) for name in ("delivered_at", "removed_at")}
    return row | {"prospects": [{"attributes": None} | prospect for prospect in row["prospects"]]}


def with_attributes_parsed(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "attributes": row["attributes"] and msgspec.json.decode(row["attributes"]),
        "prospects": [
            prospect | {"attributes": prospect["attributes"] and msgspec.json.decode(prospect["attributes"])}
            for prospect in row["prospects"]
        ],
    }


@pytest.mark.parametrize("form", ["parquet", "arrow"])
@settings(max_examples=60, deadline=None)
@given(batches=st.lists(st.lists(COMPANIES, min_size=1, max_size=3), max_size=3))
def test_a_file_holds_what_the_lines_hold(form: str, batches: list[list[DeliveredCompany]]) -> None:
    documents = [
        [encode_document(company, BEGIN + timedelta(microseconds=number)) for number, company in enumerate(batch)] for batch in batches
    ]
    rows = read_back(form, encoded(form, documents))
    assert [with_attributes_parsed(row) for row in rows] == [row_of(document) for batch in documents for document in batch]


def test_row_groups_are_bounded_however_long_the_stream() -> None:
    company = DeliveredCompany(id=UUID(int=1), name="Hotel", delivered_at="")
    batch = [encode_document(company, BEGIN)] * 1_000
    metadata = pq.read_metadata(io.BytesIO(encoded("parquet", [batch] * 45)))
    assert [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)] == [20_000, 20_000, 5_000]
