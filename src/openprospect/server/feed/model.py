"""What the feed is made of: the rows a producer delivers. Shapes alone, no rule."""

from dataclasses import dataclass, field
from typing import Any, NewType
from uuid import UUID

CompanyId = NewType("CompanyId", UUID)
ProspectId = NewType("ProspectId", UUID)

JsonObject = dict[str, Any]
"""A JSON object as the standard decoder gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProspectRow:
    """One person as delivered, cleaned: no blank strings, `email` without `mailto:`."""

    id: ProspectId | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    job_title: str | None = None
    attributes: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyRow:
    """One company as delivered, cleaned: `website_url` has a scheme, `prospects` are distinct people.

    `keeps_people`: whoever is there and not among `prospects` stays, since the producer could not tell everybody.
    """

    id: CompanyId | None = None
    source_id: str | None = None
    name: str
    website_url: str | None = None
    prospects: tuple[ProspectRow, ...] = ()
    keeps_people: bool = False
    attributes: JsonObject = field(default_factory=dict)
