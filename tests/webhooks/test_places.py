"""A place in a feed: whose it is, for how long, and when it counts as failing."""

import asyncio
import threading
from typing import Any
from uuid import UUID

from openprospect.demo.service import free_port
from openprospect.server.core.errors import Unavailable
from openprospect.server.db.pool import Database
from openprospect.server.feed.model import CompanyId
from openprospect.server.feed.receipts import Receipts
from openprospect.server.feed.writing.withdraw import withdraw
from openprospect.server.searches.model import Search
from openprospect.server.webhooks.dispatch import Dispatcher
from openprospect.server.webhooks.endpoints import known_webhook
from openprospect.server.webhooks.message import Message
from openprospect.server.webhooks.model import Event, Status, Target, WebhookId
from openprospect.server.webhooks.sender import Sender, Sent
from tests.webhooks.conftest import VAULT, eventually
from tests.webhooks.pushing import dispatching, endpoint, put
from tests.webhooks.receiver import Received, Receiver, Reply


class LosingItsDatabase:
    """A sender under which the database is lost when one endpoint is served."""

    def __init__(self, sender: Sender, *, at: str) -> None:
        self._sender = sender
        self._at = at

    async def send(self, target: Target, message: Message) -> Sent:
        if target.url.endswith(self._at):
            raise Unavailable("The database is away.")
        return await self._sender.send(target, message)


async def claimed_until(database: Database, webhook_id: WebhookId) -> Any:
    return await database.value("SELECT claimed_until FROM webhook_position WHERE webhook_id = $1", webhook_id)


async def test_a_place_that_nobody_serves_any_more_is_held_for_no_other(database: Database, search: Search, receiver: Receiver):
    asked, may_answer = threading.Event(), threading.Event()

    def behave(_request: Received) -> Reply:
        asked.set()
        may_answer.wait(10)
        return Reply()

    receiver.behave = behave
    quick, slow = [(await endpoint(database, search, receiver.url(path))).id for path in ("/quick", "/slow")]
    await put(database, search, "one")
    async with Sender(VAULT, allow_private=True) as sender:
        losing: Any = LosingItsDatabase(sender, at="/quick")
        dispatcher = Dispatcher(database, losing, Receipts())
        await dispatcher.upkeep()
        await dispatcher.poll()
        assert await asyncio.to_thread(asked.wait, 10)
        before = [await claimed_until(database, webhook_id) for webhook_id in (quick, slow)]
        await dispatcher.upkeep()
        after = [await claimed_until(database, webhook_id) for webhook_id in (quick, slow)]
        may_answer.set()
        await dispatcher.stop()
    assert after[0] == before[0]
    assert after[1] > before[1]


async def test_claims_are_kept_while_an_erasure_keeps_attempts_from_being_logged(database: Database, search: Search, receiver: Receiver):
    may_answer = threading.Event()

    def behave(_request: Received) -> Reply:
        may_answer.wait(10)
        return Reply()

    receiver.behave = behave
    await endpoint(database, search, f"http://127.0.0.1:{free_port()}/nobody-is-there")
    slow = (await endpoint(database, search, receiver.url())).id
    await put(database, search, "one")
    async with Sender(VAULT, allow_private=True) as sender:
        dispatcher = Dispatcher(database, sender, Receipts())
        await dispatcher.upkeep()
        await dispatcher.poll()
        await eventually(lambda: database.value("SELECT max(failures) FROM webhook_position"), bool)
        before = await claimed_until(database, slow)
        async with database.transaction() as erasing:
            await erasing.execute("UPDATE webhook SET answers_kept_from = clock_timestamp()")
            async with asyncio.timeout(10):
                await dispatcher.upkeep()
            assert await claimed_until(database, slow) > before
        await dispatcher.log_attempts()
        assert await database.value("SELECT count(*) FROM webhook_attempt") == 1
        may_answer.set()
        await dispatcher.stop()


async def test_a_place_with_nothing_left_to_send_fails_no_more(database: Database, search: Search, receiver: Receiver):
    made = await endpoint(database, search, receiver.url(), events=[Event.COMPANY_DELIVERED])
    receiver.behave = lambda _request: Reply(500)
    async with Sender(VAULT, allow_private=True) as sender:
        dispatcher = Dispatcher(database, sender, Receipts())
        [company] = await put(database, search, "one")
        with dispatching(dispatcher):

            async def known() -> Any:
                return (await known_webhook(database, made.id, None)).status

            assert await eventually(known, lambda status: status is Status.FAILING)
            async with database.transaction() as db:
                await withdraw(db, search, [CompanyId(UUID(company))], reason=None, actor="test")
            assert await eventually(known, lambda status: status is Status.ACTIVE)
        await dispatcher.stop()
