"""A prospect search: one job of finding companies, and the unit that a consumer syncs."""

from dataclasses import dataclass
from typing import NewType
from uuid import UUID

from openprospect.server.access.model import OrganizationId

SearchId = NewType("SearchId", UUID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    id: SearchId
    organization_id: OrganizationId
    name: str
    status: str
