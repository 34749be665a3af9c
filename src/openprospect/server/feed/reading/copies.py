"""Reading a feed from a replica, where that is as good as reading it from the primary."""

from collections.abc import Awaitable, Callable

from openprospect.server.db.pool import Database, Row
from openprospect.server.db.replicas import Replicas


async def read_copy(replicas: Replicas, head: Row, read: Callable[[Database], Awaitable[Row]]) -> Row | None:
    """What a replica reads, if the feed stands there as `head` says that it stands on the primary; None where that cannot be had.

    Neither behind, which would be less than somebody has seen, or somebody who has been erased; nor ahead: what the primary does not show
    yet may still be lost.
    """

    async def read_there(replica: Database) -> Row | None:
        row = await read(replica)
        return row if _state(row) == _state(head) else None

    return await replicas.ask(read_there)


def _state(row: Row) -> tuple[object, object]:
    """Everything that a feed shows follows from these two."""
    return row["watermark"], row["erasures"]
