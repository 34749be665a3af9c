"""The finished JSON document of a company, built once when it is delivered and passed through ever after."""

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.feed.model import CompanyId, CompanyRow, JsonObject, ProspectId, ProspectRow
from openprospect.server.feed.wire import DeliveredCompany, DeliveredProspect

# What an erasure would take a name of an attribute for: an address has an @, a full name a blank, a telephone seven digits or more.
_PLAIN_NAME = re.compile(r"[^\W\d_][\w.-]{0,39}")
_MOST_DIGITS = 6

_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(DeliveredCompany).decode


def company_document(
    company_id: CompanyId,
    row: CompanyRow,
    people: Iterable[tuple[ProspectId, ProspectRow]],
    *,
    source_id: str | None,
    attributes: JsonObject,
) -> DeliveredCompany:
    """A company's state as the feed shows it, still without its time; people and attributes are those that may come in."""
    return DeliveredCompany(
        id=company_id,
        name=row.name,
        website_url=row.website_url,
        source_id=source_id,
        prospects=[_prospect(prospect_id, person) for prospect_id, person in people],
        delivered_at="",
        attributes=attributes or UNSET,
    )


def removal_document(current: DeliveredCompany, *, reason: str | None) -> DeliveredCompany:
    """The documented shape with nobody in it, for consumers that must let go of the company; still without its time."""
    return DeliveredCompany(
        id=current.id,
        name=current.name,
        website_url=current.website_url,
        source_id=current.source_id,
        delivered_at="",
        removed_at="",
        removal_reason=reason,
    )


def encode_document(document: DeliveredCompany, delivered_at: datetime) -> str:
    """The document as stored: with its time, as JSON. A removal was removed when it was delivered."""
    document.delivered_at = format_timestamp(delivered_at)
    if document.removed_at is not UNSET:
        document.removed_at = document.delivered_at
    return _encode(document).decode()


def parse_document(document: str) -> DeliveredCompany:
    return _decode(document)


def content_hash(document: DeliveredCompany) -> bytes:
    """Equal for equal content, whatever the order of attributes and people, whenever it was delivered."""
    people = sorted(document.prospects, key=lambda prospect: prospect.id.int)
    content = (document.id, document.name, document.website_url, document.source_id, document.attributes or None, people)
    return hashlib.blake2b(_encode_sorted(content), digest_size=16).digest()


def changed_fields(before: DeliveredCompany, after: DeliveredCompany) -> list[str]:
    """The names of what differs, `attributes.city` and `prospects` among them; never a value, nor a name that may be somebody's."""
    changed = [name for name in ("name", "website_url", "source_id") if getattr(before, name) != getattr(after, name)]
    changed += sorted({f"attributes.{_shown(name)}" for name in _differing(_attributes(before), _attributes(after))})
    if _by_id(before) != _by_id(after):
        changed.append("prospects")
    return changed


def _prospect(prospect_id: ProspectId, person: ProspectRow) -> DeliveredProspect:
    return DeliveredProspect(
        id=prospect_id,
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email,
        job_title=person.job_title,
        attributes=person.attributes or UNSET,
    )


def _attributes(document: DeliveredCompany) -> dict[str, Any]:
    return document.attributes or {}


def _differing(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    missing = object()
    return {name for name in {*before, *after} if before.get(name, missing) != after.get(name, missing)}


def _shown(name: str) -> str:
    is_plain = _PLAIN_NAME.fullmatch(name) and sum(map(str.isdigit, name)) <= _MOST_DIGITS
    return name if is_plain else "(not shown)"


def _by_id(document: DeliveredCompany) -> dict[UUID, DeliveredProspect]:
    return {prospect.id: prospect for prospect in document.prospects}
