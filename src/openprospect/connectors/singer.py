"""`tap-openprospect`, a Singer tap: companies and prospects of one or more searches, with a state a search.

Singer knows no deletion. A withdrawn company comes once more with `removed_at`; people who left are told by `delivered_at`,
which is that of their company as it was when they were in it.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
from singer_sdk import Stream, Tap
from singer_sdk import typing as th
from singer_sdk.helpers.types import Context

from openprospect.sync.access import canonical_id
from openprospect.sync.client import Client
from openprospect.sync.instances import mended_by
from openprospect.sync.wire import Company

_ATTRIBUTES = th.Property("attributes", th.ObjectType(additional_properties=True))
_DELIVERED_AT = th.Property("delivered_at", th.DateTimeType, required=True)
_INSTANCE = "instance"
_RELOAD = "Empty the tables of the target and read everything anew, without a state."
_SEARCH = th.Property("prospect_search_id", th.StringType, required=True)


class FeedStream(Stream):
    """The feeds of all searches, each a partition; every record carries its company's `delivered_at`."""

    replication_key = "delivered_at"

    @property
    def partitions(self) -> list[dict[str, Any]]:
        return [{"prospect_search_id": search_id} for search_id in dict.fromkeys(map(canonical_id, self.config["prospect_search_ids"]))]

    def get_records(self, context: Context | None) -> Iterable[dict[str, Any]]:
        search_id = (context or {})["prospect_search_id"]
        since = self.get_starting_replication_key_value(context)
        bookmark = self.get_context_state(context)
        expected = bookmark.get(_INSTANCE) if since else None
        with mended_by(_RELOAD), Client(self.config["base_url"], self.config["api_key"]) as client:
            for page in client.pages(search_id, delivered_since=since, expected_instance=expected):
                if page.instance:
                    bookmark[_INSTANCE] = page.instance
                for company in page.companies:
                    yield from self.records_of(company)

    def records_of(self, company: Company) -> Iterable[dict[str, Any]]:
        raise NotImplementedError

    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """No upper bound: this machine's clock decides nothing about the feed's."""


class Companies(FeedStream):
    name = "companies"
    primary_keys: ClassVar[tuple[str, ...]] = ("prospect_search_id", "id")
    is_sorted = True
    schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        _SEARCH,
        th.Property("id", th.StringType, required=True),
        th.Property("name", th.StringType),
        th.Property("website_url", th.StringType),
        th.Property("source_id", th.StringType),
        _DELIVERED_AT,
        _ATTRIBUTES,
        th.Property("removed_at", th.DateTimeType),
        th.Property("removal_reason", th.StringType),
    ).to_dict()

    def records_of(self, company: Company) -> Iterable[dict[str, Any]]:
        record = msgspec.to_builtins(company)
        del record["prospects"]
        yield record


class Prospects(FeedStream):
    """Not `is_sorted`: a state between two people of one company would skip the second."""

    name = "prospects"
    primary_keys: ClassVar[tuple[str, ...]] = ("prospect_search_id", "company_id", "id")
    schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        _SEARCH,
        th.Property("company_id", th.StringType, required=True),
        th.Property("id", th.StringType, required=True),
        th.Property("first_name", th.StringType),
        th.Property("last_name", th.StringType),
        th.Property("email", th.StringType),
        th.Property("job_title", th.StringType),
        _DELIVERED_AT,
        _ATTRIBUTES,
    ).to_dict()

    def records_of(self, company: Company) -> Iterable[dict[str, Any]]:
        for prospect in company.prospects:
            yield {**msgspec.to_builtins(prospect), "company_id": company.id, "delivered_at": company.delivered_at}


class OpenProspectTap(Tap):
    name = "tap-openprospect"
    package_name = "openprospect"
    config_jsonschema: ClassVar[dict[Any, Any]] = th.PropertiesList(
        th.Property("base_url", th.StringType, default="http://127.0.0.1:8400", description="Where the delivery service is reached"),
        th.Property(
            "api_key", th.StringType, required=True, secret=True, description="A key with the scopes companies:read and prospects:read"
        ),
        th.Property("prospect_search_ids", th.ArrayType(th.StringType), required=True, description="The searches to read"),
    ).to_dict()

    def discover_streams(self) -> list[FeedStream]:
        return [Companies(self), Prospects(self)]
