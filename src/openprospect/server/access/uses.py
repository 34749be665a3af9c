"""When keys were last used: gathered beside the requests, written now and then."""

from datetime import UTC, datetime

from openprospect.server.access import store
from openprospect.server.access.model import KeyId
from openprospect.server.db.pool import Database


class KeyUses:
    """Those of one process."""

    def __init__(self) -> None:
        self._used: dict[KeyId, datetime] = {}

    def note(self, key_id: KeyId) -> None:
        self._used[key_id] = datetime.now(UTC)

    async def flush(self, database: Database) -> None:
        """Write what has gathered. What cannot be written stays for the next time."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            await store.touch_keys(database, used)
        except BaseException:
            self._used = used | self._used
            raise
