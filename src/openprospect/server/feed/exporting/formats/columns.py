"""Companies as columns: the one schema of Parquet and Arrow. What a producer sent besides the documented fields is a text of JSON."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import msgspec
import pyarrow as pa

_MOMENT = pa.timestamp("us", tz="UTC")
_NOTHING = msgspec.Raw()

_PROSPECT = pa.struct(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("first_name", pa.string()),
        pa.field("last_name", pa.string()),
        pa.field("email", pa.string()),
        pa.field("job_title", pa.string()),
        pa.field("attributes", pa.string()),
    ]
)
_FIELDS: list["pa.Field[Any]"] = [
    pa.field("id", pa.string(), nullable=False),
    pa.field("name", pa.string(), nullable=False),
    pa.field("website_url", pa.string()),
    pa.field("source_id", pa.string()),
    pa.field("delivered_at", _MOMENT, nullable=False),
    pa.field("removed_at", _MOMENT),
    pa.field("removal_reason", pa.string()),
    pa.field("attributes", pa.string()),
    pa.field("prospects", pa.list_(pa.field("item", _PROSPECT, nullable=False)), nullable=False),
]
SCHEMA = pa.schema(_FIELDS)


class _Prospect(msgspec.Struct, gc=False):
    id: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    job_title: str | None = None
    attributes: msgspec.Raw = _NOTHING


class _Company(msgspec.Struct, gc=False):
    id: str
    name: str
    delivered_at: str
    website_url: str | None = None
    source_id: str | None = None
    removed_at: str | None = None
    removal_reason: str | None = None
    attributes: msgspec.Raw = _NOTHING
    prospects: list[_Prospect] = []


_decode = msgspec.json.Decoder(_Company).decode_lines


def columns_of(lines: bytes) -> pa.RecordBatch:
    """Companies, a line of JSON each, in the order of `SCHEMA`."""
    companies = _decode(lines)
    columns = {name: _texts(companies, name) for name in ("id", "name", "website_url", "source_id", "removal_reason")}
    columns |= {name: _texts(companies, name).cast(_MOMENT) for name in ("delivered_at", "removed_at")}
    columns |= {"attributes": _raw(companies), "prospects": _prospects(companies)}
    return pa.record_batch([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def _prospects(companies: Sequence[_Company]) -> "pa.Array[Any]":
    people = [prospect for company in companies for prospect in company.prospects]
    names = ("id", "first_name", "last_name", "email", "job_title")
    children = pa.StructArray.from_arrays([*(_texts(people, name) for name in names), _raw(people)], fields=list(_PROSPECT))
    ends = accumulate((len(company.prospects) for company in companies), initial=0)
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), children, type=SCHEMA.field("prospects").type)


def _texts(rows: Iterable[object], name: str) -> "pa.Array[Any]":
    return pa.array([getattr(row, name) for row in rows], pa.string())


def _raw(rows: Iterable[_Company | _Prospect]) -> "pa.Array[Any]":
    return pa.array([bytes(row.attributes) or None for row in rows], pa.binary()).cast(pa.string())
