"""Pushes by a real `openprospect serve`: the delay from publishing to receipt at a steady rate, the throughput, and a crowd.

Generator, service, PostgreSQL and receiver share the machine. The crowd: so many endpoints of one search, of which some hang.
"""

import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from bench.feed import open_search
from bench.model import Figure, Outcome, Size
from bench.processes import cpu_seconds
from bench.service import serving
from openprospect.demo.service import COMMAND
from openprospect.server.core.vault import Vault
from openprospect.server.db.embedded import temporary
from openprospect.server.db.migrate import migrate
from openprospect.server.db.pool import Database
from openprospect.server.feed.model import CompanyRow
from openprospect.server.feed.writing.publish import Submission, publish
from openprospect.server.searches.model import Search
from openprospect.server.webhooks.endpoints import create_webhook
from tests.webhooks.receiver import Hang, Received, Receiver, Reply

_SUBJECT = "openprospect"
# The service looks for new endpoints about once a second.
_NOTICED_SECONDS = 1.5
_SECRET_KEY = "of a measurement that has nothing to hide"


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """How much is pushed: companies a second and for how long, companies in a burst, endpoints in a crowd and how many of them hang."""

    rate: int = 100
    seconds: int = 10
    burst: int = 5_000
    endpoints: int = 1_000
    hanging: int = 100


SMOKE = Volume(rate=20, seconds=1, burst=60, endpoints=6, hanging=0)  # a push that hangs holds up the end of the service


def run(size: Size) -> Outcome:
    """The number of companies is this suite's own: what is measured is events."""
    volume = SMOKE if size.is_smoke else Volume()
    with temporary() as dsn, tempfile.TemporaryDirectory() as folder, Receiver(_behave).listening() as receiver:
        asyncio.run(migrate(dsn))
        environment = {"OPENPROSPECT_DATABASE_URL": dsn, "OPENPROSPECT_SECRET_KEY": _SECRET_KEY, "OPENPROSPECT_WEBHOOK_ALLOW_PRIVATE": "1"}
        command = [COMMAND, "serve", "--port", "{port}", "--no-migrate"]
        with serving(command, environment=environment, log=Path(folder) / "service.log") as service:
            figures = asyncio.run(_measure(dsn, receiver, service.pid, volume))
    setting = "One worker; the receiver answers at once, but for the endpoints that hang. A delay is from the commit to the arrival."
    return Outcome(setting=setting, figures=figures)


async def _measure(dsn: str, receiver: Receiver, pid: int, volume: Volume) -> list[Figure]:
    async with await Database.open(dsn) as database:
        pushes = Pushes(database=database, receiver=receiver, service_pid=pid)
        return [
            await steady(pushes, volume.rate, volume.seconds),
            await burst(pushes, volume.burst, 1),
            await burst(pushes, volume.burst, 20),
            await crowd(pushes, volume.endpoints, volume.hanging),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushes:
    """A service that pushes, what it pushes to, and the producer."""

    database: Database
    receiver: Receiver
    service_pid: int

    async def search(self, *paths: str) -> Search:
        """A search with an endpoint for each path."""
        search = await open_search(self.database)
        for path in paths:
            await create_webhook(
                self.database,
                self.receiver.url(path),
                organization_id=search.organization_id,
                search_id=search.id,
                events=(),
                is_full=False,
                base_url="http://127.0.0.1",
                allow_private=True,
                vault=Vault([_SECRET_KEY]),
                actor="bench",
            )
        return search

    async def deliver(self, search: Search, count: int) -> dict[UUID, float]:
        """Deliver companies; answers when each was committed."""
        rows = [CompanyRow(name=f"company {number}", source_id=f"{time.time_ns()}-{number}") for number in range(count)]
        async with self.database.transaction() as db:
            published = await publish(db, search, Submission(rows=rows, actor="bench", all_or_nothing=True))
        now = time.time()
        return {outcome.company_id: now for outcome in published.outcomes.values()}

    async def arrived(self, prefix: str, count: int) -> list[Received]:
        """What came to such paths once it is so much."""

        def there(receiver: Receiver) -> list[Received]:
            return [request for request in receiver.requests if request.path.startswith(prefix)]

        await asyncio.to_thread(self.receiver.wait, lambda receiver: len(there(receiver)) >= count, seconds=300)
        return there(self.receiver)


async def steady(pushes: Pushes, rate: int, seconds: int) -> Figure:
    """One company at a time, evenly spaced, into one search with one endpoint."""
    search = await pushes.search("/steady")
    await asyncio.sleep(_NOTICED_SECONDS)
    committed: dict[UUID, float] = {}
    started = time.monotonic()
    for number in range(rate * seconds):
        await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
        committed |= await pushes.deliver(search, 1)
    took = time.monotonic() - started
    arrived = {UUID(request.event["data"]["company_id"]): request.at for request in await pushes.arrived("/steady", len(committed))}
    delays = sorted(arrived[company] - at for company, at in committed.items())
    percentiles = {f"delay p{share} ms": delays[len(delays) * share // 100] * 1000 for share in (50, 95, 99)}
    return Figure(case=f"one at a time, {rate} a second", subject=_SUBJECT, values={"events/s": len(committed) / took} | percentiles)


async def burst(pushes: Pushes, count: int, searches: int) -> Figure:
    """Many at once, into several searches with an endpoint each."""
    found = [await pushes.search(f"/burst/{searches}/{place}") for place in range(searches)]
    await asyncio.sleep(_NOTICED_SECONDS)
    started, cpu, total = time.monotonic(), cpu_seconds(pushes.service_pid), 0
    while total < count:
        for search in found:
            total += len(await pushes.deliver(search, min(count // searches, 1000)))
    await pushes.arrived(f"/burst/{searches}/", total)
    rate, each = total / (time.monotonic() - started), (cpu_seconds(pushes.service_pid) - cpu) / total * 1000
    case = f"{total:,} at once to {searches} endpoint{'s' * (searches > 1)}"
    return Figure(case=case, subject=_SUBJECT, values={"events/s": rate, "service CPU ms/event": each})


async def crowd(pushes: Pushes, endpoints: int, hanging: int) -> Figure:
    """One company for many endpoints, some of which hang: how long until all the others have it."""
    paths = [f"/{'hanging' if number < hanging else 'crowd'}/{number}" for number in range(endpoints)]
    search = await pushes.search(*paths)
    await asyncio.sleep(_NOTICED_SECONDS)
    cpu = cpu_seconds(pushes.service_pid)
    committed = min((await pushes.deliver(search, 1)).values())
    delays = [request.at - committed for request in await pushes.arrived("/crowd", endpoints - hanging)]
    each = (cpu_seconds(pushes.service_pid) - cpu) / endpoints * 1000
    median, last = statistics.median(delays) * 1000, max(delays) * 1000
    values = {"delay p50 ms": median, "delay of the last ms": last, "service CPU ms/event": each}
    return Figure(case=f"1 to {endpoints:,} endpoints, {hanging} of them hanging", subject=_SUBJECT, values=values)


def _behave(request: Received) -> Reply:
    if request.path.startswith("/hanging"):
        raise Hang
    return Reply()
