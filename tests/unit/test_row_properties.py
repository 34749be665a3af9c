"""Any JSON at all is a row or faults, never another error; and what the feed shows may be delivered again as it is."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from openprospect.server.feed.model import CompanyRow
from openprospect.server.feed.rows.row import FaultyRow, parse_company

ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"


def emit(row: CompanyRow) -> dict[str, Any]:
    """The row as an item of the feed."""
    people = [
        {
            "id": person.id and str(person.id),
            "first_name": person.first_name,
            "last_name": person.last_name,
            "email": person.email,
            "job_title": person.job_title,
            "attributes": person.attributes,
        }
        for person in row.prospects
    ]
    return {
        "id": row.id and str(row.id),
        "name": row.name,
        "website_url": row.website_url,
        "source_id": row.source_id,
        "prospects": people,
        "attributes": row.attributes,
        "delivered_at": "2026-02-25T12:00:00.000001Z",
    }


TEXT = st.text(max_size=8) | st.sampled_from(
    [ID, "m@example.com", "mailto:ä@bücher.example", "example.com", "http://x", " ", "\0", "\ud800"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
PERSON = st.dictionaries(
    st.sampled_from(["id", "first_name", "last_name", "email", "job_title", "attributes", "phone"]), TEXT | JSON, max_size=5
)
COMPANY = st.fixed_dictionaries(
    {"name": TEXT},
    optional={
        "id": st.just(ID) | JSON,
        "source_id": JSON,
        "website_url": TEXT,
        "prospects": st.lists(PERSON, max_size=3) | JSON,
        "attributes": st.dictionaries(TEXT, JSON, max_size=3) | JSON,
        "removed_at": JSON,
        "city": JSON,
    },
)


@given(JSON | COMPANY)
@example({"name": "x", "attributes": {"attributes": {"attributes": 1}}})
def test_any_json_is_a_row_that_survives_the_feed_or_faults(value: object) -> None:
    try:
        row = parse_company(value)
    except FaultyRow as error:
        found = [fault.field for fault in error.faults]
    else:
        assert parse_company(emit(row)) == row
        return
    assert 0 < len(found) == len(set(found))
