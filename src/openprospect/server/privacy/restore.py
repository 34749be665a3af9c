"""A backup made whole again: what was erased since is erased once more, and the lists put right, before anybody is served from it."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.pool import Connection, Database
from openprospect.server.feed.resuming import go_on_from_now
from openprospect.server.instance.restoring import name_instance
from openprospect.server.privacy import store
from openprospect.server.privacy.erase import erase_again
from openprospect.server.privacy.log import Logged, LoggedErasure
from openprospect.server.privacy.model import ErasurePolicy
from openprospect.server.privacy.one_log import ReadLogs, take_up
from openprospect.server.privacy.relisting import lists_to_complete, relist
from openprospect.server.privacy.spelling import spellings_in


async def finish_restore(
    database: Database,
    logs: ReadLogs | None,
    *,
    deadline: timedelta,
    is_clock_right: bool = False,
    then: Callable[[Connection], Awaitable[None]] | None = None,
) -> int:
    """Carry out the erasures that the backup does not know, put the lists right, and open the database to the service.

    Recipients have until `deadline` from now to confirm them. Answers how many there were. Raises Misconfigured where none of the logs is
    the one that the database had, or where a feed is ahead of the clock, unless that is said to be right. All of it is one transaction,
    which ends with what there is to do `then`.
    """
    async with database.transaction() as db:
        await take_up(db, logs)
        await go_on_from_now(db, is_clock_right=is_clock_right)
        await name_instance(db)
        reapplied = await carry_out(db, logs.entries if logs else [], deadline=deadline)
        if then:
            await then(db)
        return reapplied


async def carry_out(db: Connection, logged: Sequence[Logged], *, deadline: timedelta) -> int:
    """Erase again whom the database does not know to be erased, and put the lists right; answers how many there were."""
    policy = ErasurePolicy(deadline=deadline, log=None)  # they are in the log already
    erasures = _erasures(logged)
    known = await store.known_among(db, erasures.keys())
    listed = await lists_to_complete(db, logged)
    lacking = [erasure for erasure in erasures.values() if erasure.id not in known]
    there = await store.organizations_among(db, {OrganizationId(erasure.organization_id) for erasure in lacking})
    # An organization at a time: its documents are read once for all of its erasures.
    own = {organization_id: [erasure for erasure in lacking if erasure.organization_id == organization_id] for organization_id in there}
    for organization_id, again in own.items():
        spellings = await spellings_in(db, organization_id, set().union(*(erasure.mailboxes for erasure in again)))
        for erasure in again:
            await erase_again(db, erasure, spellings=spellings, policy=policy)
    await relist(db, logged, known=known, listed=listed)
    return sum(map(len, own.values()))


def _erasures(logged: Iterable[Logged]) -> dict[UUID, LoggedErasure]:
    """Each once: one that was written down again from the database names less than it did at first."""
    erasures: dict[UUID, LoggedErasure] = {}
    for entry in logged:
        if isinstance(entry, LoggedErasure):
            erasures[entry.id] = erasures[entry.id].joined(entry) if entry.id in erasures else entry
    return erasures
