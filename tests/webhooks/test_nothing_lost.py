"""The promise of pushes: whatever receivers do and whoever is killed, every event arrives, and in order."""

import asyncio
import random
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from openprospect.demo.service import COMMAND, clean_environment, free_port
from openprospect.server.db.pool import Database
from openprospect.server.feed.receipts import Receipts
from openprospect.server.searches.model import Search
from openprospect.server.webhooks.dispatch import Dispatcher
from openprospect.server.webhooks.endpoints import disable
from openprospect.server.webhooks.lanes import Lanes
from openprospect.server.webhooks.sender import Sender
from tests.integration.conftest import SECRET_KEY
from tests.webhooks.conftest import VAULT, until
from tests.webhooks.pushing import dispatching, endpoint, put
from tests.webhooks.receiver import Drop, Hang, Received, Receiver, Reply


class Unreliable:
    """Fails every message once with a probability of one half, in a way of its own choice."""

    def __init__(self, seed: int, inside: str) -> None:
        self._random = random.Random(seed)
        self._seen: set[str] = set()
        self._inside = inside

    def __call__(self, request: Received) -> Reply:
        is_new = request.id not in self._seen
        self._seen.add(request.id)
        if not is_new or self._random.random() < 0.5:
            return Reply()
        if self._random.random() < 0.5:
            raise Drop
        return self._random.choice([Reply(500), Reply(302, headers={"location": self._inside}), Reply(429, headers={"retry-after": "0"})])


class Serving:
    """`openprospect serve` as a process to be killed."""

    def __init__(self, dsn: str) -> None:
        self._port = free_port()
        self._environment = clean_environment(
            OPENPROSPECT_DATABASE_URL=dsn, OPENPROSPECT_SECRET_KEY=SECRET_KEY, OPENPROSPECT_WEBHOOK_ALLOW_PRIVATE="1"
        )
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        command = [COMMAND, "serve", "--port", str(self._port), "--no-migrate"]
        self._process = await asyncio.to_thread(subprocess.Popen, command, env=self._environment, stderr=subprocess.DEVNULL)
        while not await asyncio.to_thread(self._is_up):
            assert self._process.poll() is None, "the service ended"
            await asyncio.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/health", timeout=1):
                return True
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def two_services(dsn: str) -> Iterator[list[Serving]]:
    services = [Serving(dsn) for _ in range(2)]
    try:
        yield services
    finally:
        for service in services:
            service.kill()


def has_come(paths: list[str], count: int) -> Callable[[Receiver], bool]:
    """Whether so many different events have arrived at each of these paths."""
    return lambda receiver: all(len(receiver.once_each(path)) >= count for path in paths)


async def test_every_event_arrives_in_order_through_failures_and_kills(dsn: str, database: Database, search: Search, receiver: Receiver):
    paths = [f"/{number}" for number in range(4)]
    behaviours = {path: Unreliable(seed, receiver.url("/inside")) for seed, path in enumerate(paths)}

    def behave(request: Received) -> Reply:
        return behaviours[request.path](request)

    receiver.behave = behave
    for path in paths:
        await endpoint(database, search, receiver.url(path))
    expected: list[str] = []
    with two_services(dsn) as services:
        await asyncio.gather(*(service.start() for service in services))
        for turn in range(4):
            expected += await put(database, search, *(f"company {turn}-{number}" for number in range(5)))
            await until(receiver, has_come(paths[:1], len(expected) - 4))
            victim = services[turn % 2]
            victim.kill()
            await victim.start()
        await until(receiver, has_come(paths, len(expected)), seconds=120)
    for path in paths:
        assert [event["data"]["company_id"] for event in receiver.once_each(path)] == expected
    assert {request.path for request in receiver.requests} == set(paths)


def hanging(_request: Received) -> Reply:
    raise Hang


async def test_endpoints_that_hang_do_not_hold_up_the_others(database: Database, search: Search, receiver: Receiver):
    """Three times as many hang as the quick lane has room for."""

    def behave(request: Received) -> Reply:
        if request.path.startswith("/hanging"):
            raise Hang
        return Reply()

    receiver.behave = behave
    healthy = [f"/healthy/{number}" for number in range(60)]
    for path in [*(f"/hanging/{number}" for number in range(12)), *healthy]:
        await endpoint(database, search, receiver.url(path))
    async with Sender(VAULT, allow_private=True) as sender:
        dispatcher = Dispatcher(database, sender, Receipts(), lanes=Lanes(quick=4, slow=40, seconds_in_quick_lane=0.1))
        with dispatching(dispatcher):
            ids = await put(database, search, "one", "two", "three")
            await until(receiver, lambda receiver: all(len(receiver.events(path)) == 3 for path in healthy), seconds=8)
        for path in healthy:
            assert [event["data"]["company_id"] for event in receiver.events(path)] == ids
        await dispatcher.stop()


async def test_two_dispatchers_share_the_work_without_doubling_it(database: Database, search: Search, receiver: Receiver):
    paths = [f"/{number}" for number in range(20)]
    for path in paths:
        await endpoint(database, search, receiver.url(path))
    async with Sender(VAULT, allow_private=True) as one, Sender(VAULT, allow_private=True) as other:
        dispatchers = [Dispatcher(database, sender, Receipts(), lanes=Lanes(quick=5)) for sender in (one, other)]
        with dispatching(dispatchers[0]), dispatching(dispatchers[1]):
            await put(database, search, *(f"company {number}" for number in range(10)))
            await until(receiver, lambda receiver: len(receiver.requests) >= 200)
        for dispatcher in dispatchers:
            await dispatcher.stop()
    assert len(receiver.requests) == len({request.id for request in receiver.requests}) == 200


async def test_what_is_under_way_is_let_go_when_the_service_stops(database: Database, search: Search, receiver: Receiver):
    receiver.behave = hanging
    await endpoint(database, search, receiver.url())
    async with Sender(VAULT, allow_private=True) as sender:
        dispatcher = Dispatcher(database, sender, Receipts())
        with dispatching(dispatcher):
            [company] = await put(database, search, "one")
            await until(receiver, lambda receiver: receiver.requests)
        receiver.behave = lambda _request: Reply()
        await dispatcher.stop()
        assert await database.value("SELECT count(*) FROM webhook_position WHERE claim IS NOT NULL") == 0
        successor = Dispatcher(database, sender, Receipts())
        with dispatching(successor):
            await until(receiver, lambda receiver: len(receiver.requests) == 2, seconds=3)
        await successor.stop()
    assert {event["data"]["company_id"] for event in receiver.events()} == {company}
    assert len({request.id for request in receiver.requests}) == 1


async def test_nothing_more_is_sent_once_an_endpoint_is_disabled_in_the_middle(database: Database, search: Search, receiver: Receiver):
    made = await endpoint(database, search, receiver.url())
    async with Sender(VAULT, allow_private=True) as sender:
        dispatcher = Dispatcher(database, sender, Receipts())
        await put(database, search, *(f"company {number}" for number in range(500)))
        with dispatching(dispatcher):
            await until(receiver, lambda receiver: len(receiver.requests) >= 5)
            await disable(database, made, reason="test", actor="test")
            under_way = len(receiver.requests)
            await put(database, search, "last")
            await asyncio.sleep(1)
        await dispatcher.stop()
    assert len(receiver.requests) <= under_way + 1 < 500


async def test_a_receipt_that_a_killed_process_could_not_write_is_made_up_for(database: Database, search: Search, receiver: Receiver):
    made = await endpoint(database, search, receiver.url())
    await database.execute("UPDATE webhook_position SET accepted_until = '2026-02-25T12:00:00Z'")
    async with Sender(VAULT, allow_private=True) as sender:
        receipts = Receipts()
        await Dispatcher(database, sender, receipts).start()
        await receipts.flush(database)
    row = await database.row("SELECT consumer, prospect_search_id, confirmed_until FROM receipt")
    assert row is not None
    assert row["consumer"] == f"webhook:{made.id}"
    assert UUID(str(row["prospect_search_id"])) == search.id
    assert row["confirmed_until"].isoformat() == "2026-02-25T12:00:00+00:00"
