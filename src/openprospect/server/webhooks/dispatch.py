"""The dispatcher: claims places that have something to send, and has them served. Every process runs one; they share the work.

Nothing is queued: a place is a position in a feed, and moves once a message was accepted. A crash anywhere repeats, and never skips.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

from openprospect.server.core.errors import Unavailable
from openprospect.server.db.pool import Database
from openprospect.server.feed.receipts import Receipts
from openprospect.server.webhooks import store
from openprospect.server.webhooks.courier import Courier
from openprospect.server.webhooks.endpoints import consumer_of
from openprospect.server.webhooks.lanes import Lane, Lanes, Passage
from openprospect.server.webhooks.model import Claim, LoggedAttempt, Place, Target
from openprospect.server.webhooks.sender import Sender

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05
RETRY_SECONDS = 0.25
UPKEEP_SECONDS = 0.5
# A process that dies holds its places up for so long.
_LEASE = timedelta(seconds=6)
_DRAIN_SECONDS = 5.0


class Dispatcher:
    """One a process. `poll`, `retry`, `upkeep` and `log_attempts` are to be called again and again, `stop` at the end."""

    def __init__(self, database: Database, sender: Sender, receipts: Receipts, *, lanes: Lanes | None = None) -> None:
        self._database = database
        self._receipts = receipts
        self._lanes = lanes or Lanes()
        self._courier = Courier(database, sender, receipts, log=self._note, lease=_LEASE)
        self._under_way: dict[asyncio.Task[None], Claim] = {}
        self._unlogged: list[tuple[Target, LoggedAttempt]] = []
        self._has_endpoints = False

    async def start(self) -> None:
        """Take up what a process that died may have left unsaid."""
        for webhook_id, search_id, until in await store.accepted(self._database):
            self._receipts.served(search_id, consumer_of(webhook_id), since=None, until=until)
            self._receipts.confirm(search_id, consumer_of(webhook_id), until)

    async def poll(self) -> None:
        """Begin to serve what is due and free, as far as there is room."""
        if self._has_endpoints:
            await self._fill(Lane.QUICK)

    async def retry(self) -> None:
        """The same for those whose last attempt failed."""
        if self._has_endpoints:
            await self._fill(Lane.SLOW)

    async def upkeep(self) -> None:
        """Keep claims, follow new searches."""
        if self._under_way:
            await store.keep_claims(self._database, set(self._under_way.values()), lease=_LEASE)
        self._has_endpoints = await store.adopt_searches(self._database)

    async def log_attempts(self) -> None:
        """Write down what became of them. A turn of its own: it may wait for an erasure, and claims would run out meanwhile."""
        unlogged, self._unlogged = self._unlogged, []
        if not unlogged:
            return
        try:
            await store.log_attempts(self._database, unlogged)
        except BaseException:
            self._unlogged = [*unlogged, *self._unlogged]
            raise

    async def stop(self) -> None:
        """Let what is under way end, for a few seconds; then let go of the rest, for others to take up."""
        claims = set(self._under_way.values())
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=_DRAIN_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        with suppress(Unavailable):
            await store.let_go_all(self._database, claims)
            await self.log_attempts()

    async def _fill(self, lane: Lane) -> None:
        room = self._lanes.free(lane)
        if room <= 0:
            return
        for place in await store.claim(self._database, failing=lane is Lane.SLOW, limit=room, lease=_LEASE):
            passage = self._lanes.enter(lane)
            task = asyncio.create_task(self._serve(place, passage))
            self._under_way[task] = place.claim
            task.add_done_callback(self._under_way.pop)

    async def _serve(self, place: Place, passage: Passage) -> None:
        try:
            await self._courier.serve(place, passage)
        except Unavailable as error:
            logger.warning("webhook %s: %s", place.webhook_id, error)
        except Exception as error:  # noqa: BLE001  # the claim runs out, and the place is taken up again
            logger.error("webhook %s could not be served: %s", place.webhook_id, type(error).__name__)
        finally:
            passage.leave()

    def _note(self, target: Target, logged: LoggedAttempt) -> None:
        self._unlogged.append((target, logged))
