"""The way in: batches of 1,000 against plain COPY of the same finished rows, and single rows that share commits.

Everything in one process over one PostgreSQL, the ways taken in turns. Ratios above one mean that ours is faster.
"""

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.model import Figure, Goal, Outcome, Size
from openprospect.server.access.keys import ensure_default_organization, organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.core.garbage import collect_rarely
from openprospect.server.db.embedded import temporary
from openprospect.server.db.migrate import migrate
from openprospect.server.db.pool import Database
from openprospect.server.feed.model import CompanyRow
from openprospect.server.feed.rows.row import parse_company
from openprospect.server.feed.writing.commits import SharedCommits
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.feed.writing.publish import Submission, publish
from openprospect.server.searches.create import create_search
from openprospect.server.searches.model import Search

DOCUMENTS, ONE_SEARCH = "publish ÷ COPY of the documents alone", "producers of single rows: one search ÷ a search each"
BATCH = 1_000
PEOPLE_A_COMPANY = 3
FINISHED = {
    "delivery": ("prospect_search_id", "position", "delivered_at", "company_id", "is_removal", "document"),
    "company": ("prospect_search_id", "id", "identity", "source_id", "position", "delivered_at", "content_hash", "prospects"),
    "prospect": ("prospect_search_id", "company_id", "id", "email_hash", "name_hash", "delivered_at"),
    "history": ("organization_id", "prospect_search_id", "company_id", "actor", "action", "details"),
}


@dataclass(slots=True)
class Cost:
    """Seconds by the clock, and of the processors, of this process and of PostgreSQL, one value a turn."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def typical(self) -> float:
        return statistics.median(self.seconds)

    @property
    def typical_cpu(self) -> float:
        """The mean: PostgreSQL's is counted in hundredths of a second."""
        return statistics.mean(self.cpu)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Companies a second, and the ratios that count."""

    publish: Cost
    copy_documents: Cost
    copy_rows: Cost
    one_search: Cost
    many_searches: Cost
    one_search_apart: Cost

    @property
    def ratios(self) -> dict[str, tuple[float, float]]:
        """By the clock, and by processor time."""
        pairs = {
            "publish ÷ COPY of the same rows, all four tables": (self.copy_rows, self.publish),
            DOCUMENTS: (self.copy_documents, self.publish),
            ONE_SEARCH: (self.many_searches, self.one_search),
            "producers on one search: shared ÷ separate commits": (self.one_search_apart, self.one_search),
        }
        return {name: (of.typical / by.typical, of.typical_cpu / by.typical_cpu) for name, (of, by) in pairs.items()}


def company(number: int) -> CompanyRow:
    """About 900 bytes as a document."""
    people = [
        {
            "first_name": f"Maria {place}",
            "last_name": f"Schmidt {number}",
            "email": f"m{place}.schmidt@hotel-{number}.example",
            "job_title": "General Manager",
            "phone": f"+49 30 {number:07}{place}",
        }
        for place in range(PEOPLE_A_COMPANY)
    ]
    name, website = f"Grand Hotel {number}", f"https://www.hotel-{number}.example/de"
    return parse_company(
        {"source_id": f"crm-{number}", "name": name, "website_url": website, "city": "Berlin", "country": "DE", "prospects": people}
    )


@dataclass(slots=True, kw_only=True)
class Bench:
    database: Database
    postmaster: int
    made: int = 0

    @asynccontextmanager
    async def measured(self, cost: Cost) -> AsyncIterator[None]:
        cpu, started = self._cpu_seconds(), time.perf_counter()
        yield
        cost.seconds.append(time.perf_counter() - started)
        cost.cpu.append(self._cpu_seconds() - cpu)

    def _cpu_seconds(self) -> float:
        return time.process_time() + postgres_ticks(self.postmaster) / os.sysconf("SC_CLK_TCK")

    async def search(self) -> Search:
        owner = await organization_named(self.database, DEFAULT_ORGANIZATION)
        return await create_search(self.database, "bench", organization_id=owner.id, actor="bench")

    def rows(self, count: int) -> list[CompanyRow]:
        self.made += count
        return [company(number) for number in range(self.made - count, self.made)]

    async def publish(self, search: Search, rows: Sequence[CompanyRow]) -> None:
        async with self.database.transaction() as db:
            await publish(db, search, Submission(rows=rows, actor="bench", all_or_nothing=True))

    async def make_copies(self) -> None:
        """Tables of the same shape with the same indexes, for plain COPY."""
        for table in FINISHED:
            await self.database.execute(f"CREATE TABLE plain_{table} (LIKE {table} INCLUDING ALL)")
        await self.database.execute("CREATE TABLE documents (LIKE delivery INCLUDING ALL)")

    async def finished(self, search: Search, count: int) -> dict[str, list[tuple[Any, ...]]]:
        """What the newest batch has become, as COPY takes it."""
        found = {}
        for table, columns in FINISHED.items():
            wanted = count * PEOPLE_A_COMPANY if table == "prospect" else count
            order = {"delivery": "position", "company": "position", "prospect": "delivered_at", "history": "id"}[table]
            rows = await self.database.rows(
                f"SELECT {', '.join(columns)} FROM {table} WHERE prospect_search_id = $1 ORDER BY {order} DESC LIMIT {wanted}", search.id
            )
            found[table] = [tuple(row.values()) for row in reversed(rows)]
        return found

    async def copy(self, into: dict[str, str], rows: dict[str, list[tuple[Any, ...]]]) -> None:
        async with self.database.transaction() as db:
            for table, target in into.items():
                await db.copy(target, FINISHED[table], rows[table])


async def batches(bench: Bench, turns: int) -> tuple[Cost, Cost, Cost]:
    """The same companies: published, and their finished documents and rows copied."""
    ours, documents, all_rows = Cost(), Cost(), Cost()
    search = await bench.search()
    await bench.make_copies()
    for turn in range(turns + 1):
        costs = (ours, documents, all_rows) if turn else (Cost(), Cost(), Cost())  # the first warms up
        rows = bench.rows(BATCH)
        async with bench.measured(costs[0]):
            await bench.publish(search, rows)
        finished = await bench.finished(search, BATCH)
        async with bench.measured(costs[1]):
            await bench.copy({"delivery": "documents"}, finished)
        async with bench.measured(costs[2]):
            await bench.copy({table: f"plain_{table}" for table in FINISHED}, finished)
    return ours, documents, all_rows


async def singles(bench: Bench, producers: int, posts: int, turns: int) -> tuple[Cost, Cost, Cost]:
    """So many producers, each of which sends its next company when the one before is committed."""
    shared, apart_searches, apart = Cost(), Cost(), Cost()
    one, many = await bench.search(), [await bench.search() for _ in range(producers)]
    commits = SharedCommits(Writing(bench.database))

    async def share(search: Search, rows: list[CompanyRow]) -> None:
        await commits.deliver(search, Submission(rows=rows, actor="bench", all_or_nothing=True), key=None)

    for turn in range(turns + 1):
        ways: list[tuple[Cost, list[Search], Callable[[Search, list[CompanyRow]], Awaitable[None]]]] = [
            (shared, [one] * producers, share),
            (apart_searches, many, share),
            (apart, [one] * producers, bench.publish),
        ]
        for cost, searches, deliver in ways:
            rows = [bench.rows(posts) for _ in range(producers)]
            async with bench.measured(cost if turn else Cost()):
                await asyncio.gather(*(produce(deliver, search, own) for search, own in zip(searches, rows, strict=True)))
    return shared, apart_searches, apart


async def produce(deliver: Callable[[Search, list[CompanyRow]], Awaitable[None]], search: Search, rows: Sequence[CompanyRow]) -> None:
    for row in rows:
        await deliver(search, [row])


def postgres_ticks(postmaster: int) -> int:
    """The processor time of a PostgreSQL's living processes, in ticks of the clock."""
    ticks = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = stat_of(process)
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12]) if int(fields[1]) == postmaster else 0
    return ticks


def stat_of(process: Path) -> list[str]:
    """What the kernel tells of a process, from its state on: its parent comes second, its ticks twelfth and thirteenth."""
    return (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()


async def measure(dsn: str, *, turns: int, producers: int, posts: int) -> Result:
    """Everything, on a database of its own, in a process that seeks garbage as a worker does."""
    collect_rarely()
    await migrate(dsn)
    async with await Database.open(dsn, size=producers) as database:
        await ensure_default_organization(database)
        backend = await database.value("SELECT pg_backend_pid()")
        bench = Bench(database=database, postmaster=int(stat_of(Path(f"/proc/{backend}"))[1]))
        ours, documents, all_rows = await batches(bench, turns)
        shared, apart_searches, apart = await singles(bench, producers, posts, max(turns // 3, 1))
    return Result(
        publish=ours,
        copy_documents=documents,
        copy_rows=all_rows,
        one_search=shared,
        many_searches=apart_searches,
        one_search_apart=apart,
    )


def run(size: Size) -> Outcome:
    """The number of companies is this suite's own: batches and single rows, the same at any size of the feed."""
    turns, producers, posts = (1, 4, 10) if size.is_smoke else (10, 8, 100)
    with temporary() as dsn:
        result = asyncio.run(measure(dsn, turns=turns, producers=producers, posts=posts))
    ratios = result.ratios
    return Outcome(
        setting=f"{BATCH:,} companies a batch, {PEOPLE_A_COMPANY} people each; {posts} single rows from each of {producers} producers. "
        f"In one process, in turns, over one PostgreSQL; medians of {turns} turns.",
        figures=list(figures(result, producers=producers, posts=posts)),
        goals=[
            Goal(name=f"{DOCUMENTS}, by the clock", measured=ratios[DOCUMENTS][0], at_least=0.6),
            Goal(name=f"{ONE_SEARCH}, by the clock", measured=ratios[ONE_SEARCH][0], at_least=0.8),
        ],
    )


def figures(result: Result, *, producers: int, posts: int) -> Iterator[Figure]:
    """Each way in, with what it took."""
    batches, singles = f"batches of {BATCH:,}", f"single rows, {producers} producers"
    for case, subject, cost, count in (
        (batches, "openprospect", result.publish, BATCH),
        (batches, "COPY of the documents alone", result.copy_documents, BATCH),
        (batches, "COPY of the same rows, all four tables", result.copy_rows, BATCH),
        (singles, "openprospect, one search", result.one_search, producers * posts),
        (singles, "openprospect, a search each", result.many_searches, producers * posts),
        (singles, "openprospect, one search, separate commits", result.one_search_apart, producers * posts),
    ):
        values = {"companies/s": count / cost.typical, "CPU µs/company": cost.typical_cpu / count * 1e6}
        yield Figure(case=case, subject=subject, values=values)
