"""A backup made whole again: what was erased since is erased once more, and the lists put right, before anybody is served from it."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.pool import Connection, Database
from openprospect.server.feed.resuming import go_on_from_now
from openprospect.server.instance.restoring import name_instance
from openprospect.server.privacy import store
from openprospect.server.privacy.erase import erase_again
from openprospect.server.privacy.log import Logged, LoggedErasure
from openprospect.server.privacy.model import ErasureId, ErasurePolicy
from openprospect.server.privacy.one_log import ReadLogs, take_up
from openprospect.server.privacy.relisting import lists_to_complete, relist
from openprospect.server.privacy.spelling import spellings_in


async def finish_restore(database: Database, logs: ReadLogs | None, *, deadline: timedelta, is_clock_right: bool = False) -> int:
    """Carry out the erasures that the backup does not know, put the lists right, and open the database to the service, in one transaction.

    Recipients have until `deadline` from now to confirm them. Answers how many there were. Raises Misconfigured where none of the logs is
    the one that the database had, or where a feed is ahead of the clock, unless that is said to be right.
    """
    policy = ErasurePolicy(deadline=deadline, log=None)  # they are in the log already
    logged = logs.entries if logs else []
    erasures = _erasures(logged)
    async with database.transaction() as db:
        await take_up(db, logs)
        await go_on_from_now(db, is_clock_right=is_clock_right)
        await name_instance(db)
        listed = await lists_to_complete(db, logged)
        lacking = [erasure for erasure in erasures.values() if await _lacks(db, erasure)]
        # An organization at a time: its documents are read once for all of its erasures.
        for organization_id in dict.fromkeys(OrganizationId(erasure.organization_id) for erasure in lacking):
            own = [erasure for erasure in lacking if erasure.organization_id == organization_id]
            spellings = await spellings_in(db, organization_id, set().union(*(erasure.mailboxes for erasure in own)))
            for erasure in own:
                await erase_again(db, erasure, spellings=spellings, policy=policy)
        await relist(db, logged, known=erasures.keys() - {erasure.id for erasure in lacking}, listed=listed)
        return len(lacking)


def _erasures(logged: Iterable[Logged]) -> dict[UUID, LoggedErasure]:
    """Each once: one that was written down again from the database names less than it did at first."""
    erasures: dict[UUID, LoggedErasure] = {}
    for entry in logged:
        if isinstance(entry, LoggedErasure):
            erasures[entry.id] = erasures[entry.id].joined(entry) if entry.id in erasures else entry
    return erasures


async def _lacks(db: Connection, erasure: LoggedErasure) -> bool:
    return await store.lacks_erasure(db, OrganizationId(erasure.organization_id), ErasureId(erasure.id))
