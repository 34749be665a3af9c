"""Writes the append-only record of who did what, when. It holds names of fields, never values. Reading it is not done here."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Self
from uuid import UUID

from openprospect.server.db.pool import Connection

_COLUMNS = ("organization_id", "prospect_search_id", "company_id", "actor", "key_id", "action", "details")


class Actor(str):
    """What history calls whoever did something. A key's name may be another's too, so its id goes with it."""

    __slots__ = ("key_id",)
    key_id: UUID

    def __new__(cls, name: str, *, key_id: UUID) -> Self:
        actor = super().__new__(cls, name)
        actor.key_id = key_id
        return actor


def _key_of(actor: str) -> UUID | None:
    return actor.key_id if isinstance(actor, Actor) else None


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
    await db.copy("history", _COLUMNS, [(organization_id, search_id, None, actor, _key_of(actor), action, details and json.dumps(details))])


async def record_companies(
    db: Connection, organization_id: UUID, search_id: UUID, events: Iterable[tuple[str, UUID, str, Mapping[str, Any] | None]]
) -> None:
    """A line for each company: who, its id, what happened, details."""
    await db.copy(
        "history",
        _COLUMNS,
        [
            (organization_id, search_id, company_id, actor, _key_of(actor), action, details and json.dumps(details))
            for actor, company_id, action, details in events
        ],
    )
