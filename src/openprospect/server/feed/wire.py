"""The shapes of the feed on the wire: the documented keys in the documented order, then our own."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

Timestamp = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", examples=["2026-02-25T12:00:00.000001Z"])]


class DeliveredProspect(msgspec.Struct, kw_only=True):
    """One person at a company."""

    id: UUID
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    job_title: str | None = None
    attributes: dict[str, Any] | UnsetType = UNSET


class DeliveredCompany(msgspec.Struct, kw_only=True):
    """The whole current state of a company. Upsert it by `id`, and replace its set of prospects."""

    id: UUID
    name: str
    website_url: str | None = None
    source_id: str | None = None
    prospects: list[DeliveredProspect] = msgspec.field(default_factory=list)
    delivered_at: Timestamp
    attributes: dict[str, Any] | UnsetType = UNSET
    removed_at: Timestamp | UnsetType = UNSET
    removal_reason: str | UnsetType | None = UNSET


class DeliveredCompanies(msgspec.Struct, kw_only=True):
    """A page of a feed, ascending by `delivered_at`."""

    items: list[DeliveredCompany]
    total: int
    limit: int
    offset: int
    has_more: bool


class ProspectInput(msgspec.Struct, kw_only=True):
    """One person to deliver; any other key is kept under `attributes`."""

    id: UUID | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    job_title: str | None = None


class CompanyInput(msgspec.Struct, kw_only=True):
    """One company to deliver; any other key is kept under `attributes`."""

    name: str
    id: UUID | None = None
    source_id: str | int | None = None
    website_url: str | None = None
    prospects: list[ProspectInput] | None = None


class Batch(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """1 to 1,000 companies, delivered together or not at all."""

    companies: Annotated[list[CompanyInput], msgspec.Meta(min_length=1, max_length=1000)]


class BatchItem(msgspec.Struct, kw_only=True):
    """What became of one company; `suppressed` people were left out."""

    id: UUID
    source_id: str | None
    status: Literal["delivered", "unchanged"]
    suppressed: int


class BatchResult(msgspec.Struct, kw_only=True):
    delivered: int
    unchanged: int
    suppressed: int
    delivered_until: Timestamp
    items: list[BatchItem]


class Receipt(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """'I have stored everything up to this.'"""

    delivered_until: Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]


class StoredReceipt(msgspec.Struct, kw_only=True):
    """How far the consumer has confirmed; null before anything it was served."""

    delivered_until: Timestamp | None
