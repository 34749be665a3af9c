"""Measures pushes by a real `openprospect serve`: the delay from publishing to receipt at a steady rate, the throughput, and a crowd.

    .venv/bin/python -m bench.webhooks [--rate 100] [--seconds 20] [--burst 5000] [--endpoints 1000 --hanging 100]

Generator, service, PostgreSQL and receiver share the machine. The crowd: so many endpoints of one search, of which some hang.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from openprospect.demo.service import COMMAND, clean_environment, free_port
from openprospect.server.access.keys import ensure_default_organization, organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.db.embedded import EmbeddedPostgres
from openprospect.server.db.migrate import migrate
from openprospect.server.db.pool import Database
from openprospect.server.feed.model import CompanyRow
from openprospect.server.feed.publish import publish
from openprospect.server.searches.create import create_search
from openprospect.server.searches.model import Search
from openprospect.server.webhooks.endpoints import create_webhook
from tests.webhooks.receiver import Hang, Received, Receiver, Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    database: Database
    receiver: Receiver
    service_pid: int

    def cpu_seconds(self) -> float:
        """What the service's process has used, in user and system."""
        fields = Path(f"/proc/{self.service_pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def search(self) -> Search:
        owner = await organization_named(self.database, DEFAULT_ORGANIZATION)
        return await create_search(self.database, "bench", organization_id=owner.id, actor="bench")

    async def endpoint(self, search: Search, path: str) -> None:
        await create_webhook(
            self.database,
            self.receiver.url(path),
            organization_id=search.organization_id,
            search_id=search.id,
            events=(),
            is_full=False,
            base_url="http://127.0.0.1",
            allow_private=True,
            actor="bench",
        )

    async def deliver(self, search: Search, count: int) -> dict[UUID, float]:
        """Deliver companies; answers when each was committed."""
        rows = [CompanyRow(name=f"company {number}", source_id=f"{time.time_ns()}-{number}") for number in range(count)]
        async with self.database.transaction() as db:
            published = await publish(db, search, rows, actor="bench", all_or_nothing=True)
        now = time.time()
        return {outcome.company_id: now for outcome in published.outcomes.values()}

    async def received(self, path: str, count: int) -> dict[UUID, float]:
        """When each company arrived, once so many have."""
        await asyncio.to_thread(self.receiver.wait, lambda receiver: len(receiver.requests) >= count, seconds=300)
        return {UUID(request.event["data"]["company_id"]): request.at for request in self.receiver.requests if request.path == path}


async def steady(bench: Bench, rate: int, seconds: int) -> None:
    """One company at a time, evenly spaced, into one search with one endpoint."""
    search = await bench.search()
    await bench.endpoint(search, "/steady")
    await asyncio.sleep(1.5)
    committed: dict[UUID, float] = {}
    started = time.monotonic()
    for number in range(rate * seconds):
        await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
        committed |= await bench.deliver(search, 1)
    took = time.monotonic() - started
    arrived = await bench.received("/steady", len(committed))
    delays = sorted(arrived[company] - at for company, at in committed.items())
    p50, p95, p99 = (delays[int(len(delays) * share)] * 1000 for share in (0.5, 0.95, 0.99))
    print(f"steady      {len(committed) / took:6.0f} events/s   delay p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms")


async def burst(bench: Bench, count: int, searches: int) -> None:
    """Many at once, into several searches with an endpoint each."""
    found = [await bench.search() for _ in range(searches)]
    for place, search in enumerate(found):
        await bench.endpoint(search, f"/burst/{place}")
    await asyncio.sleep(1.5)
    bench.receiver.requests.clear()
    started, cpu = time.monotonic(), bench.cpu_seconds()
    total = 0
    while total < count:
        for search in found:
            total += len(await bench.deliver(search, min(count // searches, 1000)))
    await asyncio.to_thread(bench.receiver.wait, lambda receiver: len(receiver.requests) >= total, seconds=300)
    rate, each = total / (time.monotonic() - started), (bench.cpu_seconds() - cpu) / total * 1000
    print(f"burst       {total} events over {searches} endpoints: {rate:.0f} events/s, {each:.2f} ms of CPU an event in the service")


async def crowd(bench: Bench, endpoints: int, hanging: int) -> None:
    """One company for many endpoints, some of which hang: how long until all the others have it."""
    search = await bench.search()
    paths = [f"/{'hanging' if number < hanging else 'crowd'}/{number}" for number in range(endpoints)]
    for path in paths:
        await bench.endpoint(search, path)
    await asyncio.sleep(1.5)
    for turn in range(3):
        bench.receiver.requests.clear()
        cpu = bench.cpu_seconds()
        at = min((await bench.deliver(search, 1)).values())

        def rest(receiver: Receiver) -> list[float]:
            return [request.at for request in receiver.requests if request.path.startswith("/crowd")]

        await asyncio.to_thread(bench.receiver.wait, lambda receiver: len(rest(receiver)) >= endpoints - hanging, seconds=300)
        delays = [moment - at for moment in rest(bench.receiver)]
        print(
            f"crowd {turn + 1}     {endpoints} endpoints, {hanging} hanging: the others after "
            f"{statistics.median(delays):.2f} s (median), {max(delays):.2f} s (last), "
            f"{(bench.cpu_seconds() - cpu) / endpoints * 1000:.2f} ms of CPU an endpoint in the service"
        )


def behave(request: Received) -> Reply:
    if request.path.startswith("/hanging"):
        raise Hang
    return Reply()


@asynccontextmanager
async def serving(dsn: str) -> AsyncIterator[int]:
    """The pid of a service."""
    environment = clean_environment(OPENPROSPECT_DATABASE_URL=dsn, OPENPROSPECT_WEBHOOK_ALLOW_PRIVATE="1")
    port = free_port()
    process = await asyncio.to_thread(
        subprocess.Popen, [COMMAND, "serve", "--port", str(port), "--no-migrate"], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        while not await asyncio.to_thread(is_up, port):  # noqa: ASYNC110  # another process comes up
            await asyncio.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


def is_up(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
        return True
    return False


async def measure(dsn: str, receiver: Receiver, arguments: argparse.Namespace) -> None:
    await migrate(dsn)
    async with await Database.open(dsn) as database, serving(dsn) as pid:
        await ensure_default_organization(database)
        bench = Bench(database=database, receiver=receiver, service_pid=pid)
        await steady(bench, arguments.rate, arguments.seconds)
        await burst(bench, arguments.burst, 1)
        await burst(bench, arguments.burst, 20)
        await crowd(bench, arguments.endpoints, arguments.hanging)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rate", 100), ("seconds", 20), ("burst", 5000), ("endpoints", 1000), ("hanging", 100)):
        parser.add_argument(f"--{name}", type=int, default=default)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "data") as dsn, Receiver(behave).listening() as receiver:
        asyncio.run(measure(dsn, receiver, arguments))


if __name__ == "__main__":
    main()
