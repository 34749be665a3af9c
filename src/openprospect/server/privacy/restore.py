"""A backup made whole again: what was erased since is erased once more before anybody is served from it."""

from collections.abc import Iterable

from openprospect.server.db.pool import Database
from openprospect.server.feed.instance import begin_anew
from openprospect.server.privacy.erase import erase_again
from openprospect.server.privacy.log import LoggedErasure
from openprospect.server.privacy.model import ErasurePolicy


async def finish_restore(database: Database, erasures: Iterable[LoggedErasure], *, policy: ErasurePolicy) -> int:
    """Carry out the erasures that the backup does not know, and open the database to the service, in one transaction.

    Answers how many there were.
    """
    async with database.transaction() as db:
        await begin_anew(db)
        return sum([await erase_again(db, erasure, policy=policy) for erasure in erasures])
