"""A backup made whole again: what was erased since is erased once more before anybody is served from it."""

from collections.abc import Iterable
from datetime import timedelta

from openprospect.server.db.pool import Database
from openprospect.server.feed.instance import begin_anew
from openprospect.server.privacy.erase import erase_again
from openprospect.server.privacy.log import LoggedErasure
from openprospect.server.privacy.model import ErasurePolicy


async def finish_restore(database: Database, erasures: Iterable[LoggedErasure], *, deadline: timedelta) -> int:
    """Carry out the erasures that the backup does not know, and open the database to the service, in one transaction.

    Recipients have until `deadline` from now to confirm them. Answers how many there were.
    """
    policy = ErasurePolicy(deadline=deadline, log=None)  # they are in the log already
    async with database.transaction() as db:
        await begin_anew(db)
        return sum([await erase_again(db, erasure, policy=policy) for erasure in erasures])
