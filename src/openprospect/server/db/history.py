"""The append-only record of who did what, when. It holds names of fields, never values."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from openprospect.server.db.pool import Connection

_COLUMNS = ("organization_id", "prospect_search_id", "company_id", "actor", "action", "details")


async def record(
    db: Connection,
    organization_id: UUID,
    *,
    actor: str,
    action: str,
    search_id: UUID | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """One line, in the transaction of what it tells of."""
    await db.copy("history", _COLUMNS, [(organization_id, search_id, None, actor, action, details and json.dumps(details))])


async def record_companies(
    db: Connection, organization_id: UUID, search_id: UUID, events: Iterable[tuple[str, UUID, str, Mapping[str, Any] | None]]
) -> None:
    """A line for each company: who, its id, what happened, details."""
    await db.copy(
        "history",
        _COLUMNS,
        [
            (organization_id, search_id, company_id, actor, action, details and json.dumps(details))
            for actor, company_id, action, details in events
        ],
    )
