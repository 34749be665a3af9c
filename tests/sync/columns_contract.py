"""What a destination whose attributes become columns must do beyond the contract: types that widen, names that collide."""

import json
from typing import Any

import pytest

from openprospect.sync.destinations.frames import FIXED
from tests.sync.contract import Copy, DestinationContract, as_json, assert_same, sync
from tests.sync.feed_server import Feed, FeedServer, company, person


class ColumnsContract(DestinationContract):
    def test_attributes_become_columns_of_their_type(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        values = {"open": True, "stars": 4, "score": 0.25, "city": "Berlin", "tags": ["a", {"b": None}]}
        feed.deliver(company(1, attributes=values, prospects=[person(1, 0, attributes={"phone": "+49"})]), company(2))

        sync(copy, server)

        found = {row["source_id"]: row for row in copy.rows("companies")}
        assert {name: found["crm-1"][name] for name in ("open", "stars", "score", "city")} == {
            name: values[name] for name in ("open", "stars", "score", "city")
        }
        assert as_json(found["crm-1"]["tags"]) == values["tags"]
        assert all(found["crm-2"][name] is None for name in values)
        assert [row["phone"] for row in copy.rows("prospects") if row["company_id"] == company(1)["id"]] == ["+49"]

    def test_fields_that_are_not_documented_become_columns_too(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1, city="Berlin", attributes={"country": "DE"}))

        sync(copy, server)

        assert [(row["city"], row["country"]) for row in copy.rows("companies")] == [("Berlin", "DE")]

    def test_an_attribute_that_is_no_longer_delivered_is_emptied(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1, attributes={"city": "Berlin"}))
        sync(copy, server)
        feed.deliver(company(1))

        sync(copy, server)

        assert [row["city"] for row in copy.rows("companies")] == [None]

    def test_names_that_collide_or_are_too_long_get_columns_of_their_own(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        long = "ü" * 60
        attributes = {"Name": "a", "city": "b", "City": "c", "xmin": "d", "rowid": "e", "q\"uo'te %s ? {}": "f", "": "g"}
        attributes |= {f"{long}1": "h", f"{long}2": "i", "attributes": "j", "prospect_search_id": "k"}
        feed.deliver(company(1, attributes=attributes))
        sync(copy, server)
        feed.deliver(company(1, attributes={**attributes, "CITY": "l"}))

        sync(copy, server)

        [row] = copy.rows("companies")
        assert sorted(value for name, value in row.items() if name not in FIXED["companies"]) == sorted("abcdefghijkl")
        assert_same(copy, feed)

    def test_attributes_named_like_columns_of_the_other_table_are_attributes_like_any_other(
        self, copy: Copy, server: FeedServer, feed: Feed
    ) -> None:
        of_company = {"company_id": 123, "email": 4.5, "first_name": True, "job_title": ["a"]}
        of_person = {"source_id": 17, "website_url": False, "name": {"legal": "Maria"}}
        feed.deliver(company(1, prospects=[person(1, 0, attributes=of_person)], attributes=of_company))

        assert sync(copy, server).error is None

        for table, attributes in (("companies", of_company), ("prospects", of_person)):
            [row] = copy.rows(table)
            assert {name: is_kept(value, row[name]) for name, value in attributes.items()} == dict.fromkeys(attributes, True)
        assert_same(copy, feed)

    @pytest.mark.parametrize(
        "values",
        [
            [1, 2.5, -(2**53)],
            [2**60, 0.5],
            [0.5, 2**60 + 1],
            [True, 7, "text"],
            [1, "0123", True],
            [1.5, {"a": [1]}, "x"],
            ["x", [1], 5, False],
            [2**70, 1],
            [0.1, "0.10", None, 1e300],
        ],
        ids=str,
    )
    @pytest.mark.parametrize("together", [True, False], ids=["one batch", "one sync each"])
    def test_a_value_of_another_type_loses_none(
        self, copy: Copy, server: FeedServer, feed: Feed, values: list[Any], *, together: bool
    ) -> None:
        for n, value in enumerate(values):
            feed.deliver(company(n, people=1, attributes={"mixed": value}))
            if not together:
                sync(copy, server)
        sync(copy, server)

        found = [row["mixed"] for row in sorted(copy.rows("companies"), key=lambda row: row["id"])]
        assert [is_kept(value, cell) for value, cell in zip(values, found, strict=True)] == [True] * len(values), found
        assert_same(copy, feed)

    def test_attributes_beyond_the_columns_go_into_one(self, copy: Copy, server: FeedServer, feed: Feed) -> None:
        attributes = {f"a{n:03}": n for n in range(230)}
        feed.deliver(company(1, attributes=attributes))
        sync(copy, server)
        feed.deliver(company(2, attributes={"a229": "changed"}))

        sync(copy, server)

        rows = {row["source_id"]: row for row in copy.rows("companies")}
        rest = as_json(rows["crm-1"]["attributes"])
        assert {name: rows["crm-1"].get(name, rest.get(name)) for name in attributes} == attributes
        assert as_json(rows["crm-2"]["attributes"]) == {"a229": "changed"}


def is_kept(value: Any, cell: Any) -> bool:
    """Whether a cell still tells the value: as it is, as its text, or as JSON."""
    if value is None:
        return cell is None
    if isinstance(value, str) and isinstance(cell, str):
        return cell in {value, json.dumps(value)}
    if isinstance(cell, str):
        found = json.loads(cell)
        return bool(found == value and isinstance(found, bool) == isinstance(value, bool))
    return bool(cell == value)
