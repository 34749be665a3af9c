"""Serving one place: what it has to send goes out in order, and the place moves once it was accepted."""

import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from openprospect.server.db.pool import Database
from openprospect.server.feed.receipts import Receipts
from openprospect.server.webhooks import store
from openprospect.server.webhooks.endpoints import consumer_of, give_up
from openprospect.server.webhooks.lanes import Passage
from openprospect.server.webhooks.message import messages_of
from openprospect.server.webhooks.model import Event, LoggedAttempt, NextEvents, Place, Target
from openprospect.server.webhooks.retry import verdict
from openprospect.server.webhooks.sender import Sender, Sent
from openprospect.server.webhooks.url import masked

logger = logging.getLogger(__name__)

_MOST_ROUNDS = 200
_UNSIGNED_FOR = timedelta(seconds=30)
_WHOLE_STATE = frozenset({Event.COMPANY_DELIVERED, Event.COMPANY_WITHDRAWN})


class Courier:
    """Sends from claimed places. No transaction is open while an endpoint is waited for."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        receipts: Receipts,
        *,
        log: Callable[[Target, LoggedAttempt], None],
        lease: timedelta,
    ) -> None:
        self._database = database
        self._sender = sender
        self._receipts = receipts
        self._log = log
        self._lease = lease

    async def serve(self, place: Place, passage: Passage) -> None:
        """Send until the place has caught up, fails, is lost to somebody else, or has had its share."""
        for _ in range(_MOST_ROUNDS):
            # Read anew for every message: nobody who was erased meanwhile goes out.
            upcoming = await store.next_events(self._database, place)
            if upcoming is None or not await self._take(place, upcoming, passage):
                return
        await store.let_go(self._database, place)

    async def _take(self, place: Place, upcoming: NextEvents, passage: Passage) -> bool:
        """Whether to go on."""
        messages = messages_of(place.search_id, upcoming)
        if not messages:
            await store.let_go(self._database, place, caught_up_until=upcoming.watermark)
            return False
        for message in messages:
            with passage.waiting():
                sent = await self._sender.send(upcoming.target, message)
            self._log(upcoming.target, LoggedAttempt(at=datetime.now(UTC), search_id=place.search_id, attempt=sent.attempt))
            if not sent.is_signed:
                await self._hold_back(place, upcoming, sent)
                return False
            if not sent.is_accepted:
                await self._failed(place, upcoming, sent)
                return False
        return await self._accepted(place, upcoming)

    async def _accepted(self, place: Place, upcoming: NextEvents) -> bool:
        until = upcoming.watermark if upcoming.change is None else upcoming.change.at
        has_more = until < upcoming.watermark
        is_receipt = _proves_receipt(upcoming)
        is_held = await store.note_sent(
            self._database,
            place,
            sent_until=until,
            completed_until=until if upcoming.change is None else None,
            accepted_until=until if is_receipt else None,
            lease=self._lease if has_more else None,
        )
        if is_held and is_receipt:
            consumer = consumer_of(place.webhook_id)
            self._receipts.served(place.search_id, consumer, since=None, until=until)
            self._receipts.confirm(place.search_id, consumer, until)
        return is_held and has_more

    async def _hold_back(self, place: Place, upcoming: NextEvents, sent: Sent) -> None:
        """What this process cannot sign another may, or this one once it has the key: no fault of the endpoint's."""
        logger.warning("webhook %s at %s: %s", place.webhook_id, masked(upcoming.target.url), sent.attempt.failure)
        await store.try_again(self._database, place, delay=_UNSIGNED_FOR)

    async def _failed(self, place: Place, upcoming: NextEvents, sent: Sent) -> None:
        noted = await store.note_failed(self._database, place)
        if noted is None:
            return
        failures, failing_for = noted
        ruling = verdict(
            failures=failures,
            failing_for=failing_for,
            status=sent.attempt.status,
            retry_after=sent.retry_after,
            chance=random.random(),  # noqa: S311  # jitter, not a secret
        )
        where = (place.webhook_id, masked(upcoming.target.url))
        if ruling.disabled_reason is None:
            logger.info("webhook %s at %s: %s Trying again in %.1f s.", *where, sent.attempt.failure, ruling.delay.total_seconds())
        elif await give_up(self._database, place, reason=ruling.disabled_reason):
            logger.warning("webhook %s at %s is disabled: %s", *where, ruling.disabled_reason)
        await store.try_again(self._database, place, delay=ruling.delay)


def _proves_receipt(upcoming: NextEvents) -> bool:
    """Whether who accepts this has the company whole, and was given all before it."""
    return upcoming.change is not None and upcoming.change.document is not None and upcoming.target.events >= _WHOLE_STATE
