"""Taking one person out of a document: pure rules."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any
from uuid import UUID

from msgspec import UNSET, UnsetType, structs

from openprospect.server.feed.identity import email_key
from openprospect.server.feed.wire import DeliveredCompany, DeliveredProspect

_TELLING = ("mail", "phone", "mobile", "fax", "linkedin")
_SHORTEST_TRACE = 5


def traces_of(documents: Iterable[DeliveredCompany], erased: Collection[UUID]) -> set[str]:
    """What would give these people away outside their own entries: addresses, full names, telephones; case-folded."""
    people = (prospect for document in documents for prospect in document.prospects if prospect.id in erased)
    traces = (trace.casefold() for person in people for trace in _traces(person))
    return {trace for trace in traces if len(trace) >= _SHORTEST_TRACE}


def scrubbed(document: DeliveredCompany, erased: Collection[UUID], traces: Collection[str]) -> DeliveredCompany:
    """The document without these people, and without what of theirs was copied into other fields."""
    return structs.replace(
        document,
        prospects=[
            structs.replace(prospect, attributes=_clean(prospect.attributes, traces))
            for prospect in document.prospects
            if prospect.id not in erased
        ],
        attributes=_clean(document.attributes, traces),
        removal_reason=None if _tells(document.removal_reason, traces) else document.removal_reason,
    )


def _traces(person: DeliveredProspect) -> Iterator[str]:
    if person.email:
        yield person.email
        yield email_key(person.email)
    if person.first_name and person.last_name:
        yield f"{person.first_name} {person.last_name}"
    for name, value in (person.attributes or {}).items():
        if isinstance(value, str) and any(word in name.lower() for word in _TELLING):
            yield value


def _clean(attributes: dict[str, Any] | UnsetType, traces: Collection[str]) -> dict[str, Any] | UnsetType:
    kept = {name: value for name, value in (attributes or {}).items() if not _tells(value, traces)}
    return kept or UNSET


def _tells(value: Any, traces: Collection[str]) -> bool:
    if isinstance(value, str):
        folded = value.casefold()
        return any(trace in folded for trace in traces)
    if isinstance(value, dict):
        return any(_tells(key, traces) or _tells(part, traces) for key, part in value.items())
    if isinstance(value, list):
        return any(_tells(part, traces) for part in value)
    return False
