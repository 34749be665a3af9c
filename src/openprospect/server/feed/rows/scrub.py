"""Taking people out of what surrounds them, where it repeats what gives them away: pure rules."""

from collections.abc import Collection
from typing import Any, TypeVar
from uuid import UUID

from msgspec import UNSET, structs

from openprospect.server.feed.model import JsonObject
from openprospect.server.feed.rows.traces import Attributes, Entry, Traces
from openprospect.server.feed.wire import DeliveredCompany, DeliveredProspect

T = TypeVar("T")


def scrub_document(document: DeliveredCompany, erased: Collection[UUID], traces: Traces) -> DeliveredCompany:
    """The document without these people, and without what of theirs was copied into other fields."""
    others = [prospect for prospect in document.prospects if prospect.id not in erased]
    traces = traces.not_held_by(document.attributes, others)
    return structs.replace(
        document,
        prospects=[_scrub_entry(other, traces) for other in others],
        attributes=clean_attributes(document.attributes, traces) or UNSET,
        removal_reason=text_unless_traced(document.removal_reason, traces),
    )


def clean_entry(person: Entry, traces: Traces) -> dict[str, Any]:
    """The fields of somebody else that may tell of these people, as they are then. Who the person is, they stay."""
    return {
        "first_name": name_unless_address(person.first_name, traces),
        "last_name": name_unless_address(person.last_name, traces),
        "job_title": text_unless_traced(person.job_title, traces),
        "attributes": clean_attributes(person.attributes, traces),
    }


def text_unless_traced(text: T, traces: Traces) -> T | None:
    """A text, unless it tells of somebody."""
    return None if traces.are_in(text) else text


def name_unless_address(name: str | None, traces: Traces) -> str | None:
    """A name, unless it holds somebody's address."""
    return None if name and traces.address(name) else name


def clean_attributes(attributes: Attributes, traces: Traces) -> JsonObject:
    """The attributes whose names and values tell of nobody."""
    return {name: value for name, value in (attributes or {}).items() if not (traces.are_in(name) or traces.are_in(value))}


def _scrub_entry(prospect: DeliveredProspect, traces: Traces) -> DeliveredProspect:
    fields = clean_entry(prospect, traces)
    return structs.replace(prospect, **fields | {"attributes": fields["attributes"] or UNSET})
