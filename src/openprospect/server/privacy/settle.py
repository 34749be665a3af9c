"""Settling by hand: a recipient that can never confirm an erasure was dealt with otherwise, and somebody answers for that."""

from openprospect.server.access.model import OrganizationId
from openprospect.server.core.errors import Conflict, InvalidInput, NotFound
from openprospect.server.db import history
from openprospect.server.db.pool import Database
from openprospect.server.privacy import store
from openprospect.server.privacy.model import Erasure, ErasureId, Recipient

_MOST_CHARACTERS = 1_000


async def settle(
    database: Database, erasure_id: ErasureId, organization_id: OrganizationId | None, consumer: str, *, reason: str, actor: str
) -> Erasure:
    """Wait for this recipient no more, for a reason that the report shows; whose erasure does not matter where no organization is named.

    Raises NotFound for an unknown erasure or recipient, Conflict for one that is not waited for, InvalidInput for a reason that is none.
    """
    why = reason.strip()
    if not 1 <= len(why) <= _MOST_CHARACTERS or not why.isprintable():
        said = f"reason must say how the recipient was dealt with, on one line of 1 to {_MOST_CHARACTERS:,} characters."
        raise InvalidInput(said, field="reason")
    async with database.transaction() as db:
        found = await store.erasure(db, erasure_id, organization_id)
        if found is None:
            raise NotFound("There is no such erasure; the list of erasures shows those there are.", code="ERASURE_NOT_FOUND")
        _check_awaited(found, consumer)
        owner = await store.settle(db, erasure_id, consumer, reason=why, actor=actor)
        if owner is None:
            raise Conflict(f"{consumer} has just been settled by somebody else.")
        details = {"erasure_id": str(erasure_id), "consumer": consumer}
        await history.record(db, owner, actor=actor, action="erasure settled", details=details)
        settled = await store.erasure(db, erasure_id, organization_id)
    assert settled
    return settled


def _check_awaited(erasure: Erasure, consumer: str) -> None:
    recipient = next((one for one in erasure.recipients if one.consumer == consumer), None)
    if recipient is None:
        named = ", ".join(one.consumer for one in erasure.recipients) or "nobody"
        raise NotFound(f"{consumer} is no recipient of this erasure; its recipients: {named}.")
    if not recipient.is_awaited:
        raise Conflict(f"{consumer} is not waited for: {_how(recipient)}.")


def _how(recipient: Recipient) -> str:
    return "it has confirmed the erasure" if recipient.confirmed_at else "it was settled before"
