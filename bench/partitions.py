"""What tables that are split by search cost beside whole ones: pages by PostgreSQL alone, deliveries by the service's publishing."""

import asyncio
from collections.abc import Callable
from functools import partial

import asyncpg
import msgspec

from bench.database import server_pid, sibling
from bench.feed import companies, deliver, open_search
from bench.model import Goal, Outcome, Size
from bench.processes import TICK_SECONDS, cpu_seconds
from bench.read import pgbench
from bench.read.data import PAGE, Data, build
from bench.read.measuring import Samples
from bench.read.statements import page_looked_for
from openprospect.server.db.embedded import temporary
from openprospect.server.db.partition import split
from openprospect.server.db.pool import Database

_PARTITIONS = (1, 8, 16)
_READ, _WRITTEN = "PostgreSQL CPU ms/page", "PostgreSQL CPU µs/company"
_CASES = ("first page", "delivered_since", "an offset, looked for")
_DELIVERING = "batches of 1,000"
_BATCHES = 5


def run(size: Size) -> Outcome:
    with temporary() as dsn:
        data = asyncio.run(build(dsn, size.companies))
        databases = asyncio.run(_databases(data))
        meter = partial(cpu_seconds, asyncio.run(server_pid(dsn)))
        samples = Samples()
        for turn in range(size.rounds):
            for case in _CASES:
                for name, database in databases.items():
                    samples.add(case, name, {_READ: _page(database, case, seconds=size.seconds, meter=meter)})
            for name, database in databases.items():
                samples.add(_DELIVERING, name, {_WRITTEN: _deliver(database, turn=turn, is_smoke=size.is_smoke, meter=meter)})
    whole, *others = databases
    return Outcome(
        setting=f"{size.companies:,} companies in 22 searches, the same in each database; one connection, as the service's are set; "
        f"medians of {size.rounds} turns.",
        figures=samples.figures(),
        goals=[
            Goal(
                name=f"{case}: {_name(_PARTITIONS[-1])} ÷ whole tables",
                measured=samples.ratio((case, others[-1]), (case, whole), lambda values: next(iter(values.values()))),
                at_most=1.3,
            )
            for case in (*_CASES, _DELIVERING)
        ],
    )


def _name(partitions: int) -> str:
    return f"openprospect, {partitions} partitions" if partitions > 1 else "openprospect, whole tables"


async def _databases(data: Data) -> dict[str, Data]:
    """Copies of one database, split into so many."""
    made = {}
    connection = await asyncpg.connect(sibling(data.dsn, "postgres"))
    try:
        for partitions in _PARTITIONS:
            name = f"split_{partitions}"
            await connection.execute(f'CREATE DATABASE {name} TEMPLATE "{data.dsn.rpartition("/")[2].partition("?")[0]}"')
            copied = msgspec.structs.replace(data, dsn=sibling(data.dsn, name))
            await split(copied.dsn, into=partitions)
            async with await Database.open(copied.dsn, size=1) as database:
                await database.execute("VACUUM ANALYZE")
            made[_name(partitions)] = copied
    finally:
        await connection.close()
    return made


def _page(data: Data, case: str, *, seconds: float, meter: Callable[[], float]) -> float:
    """CPU milliseconds of PostgreSQL."""
    call = page_looked_for(data, offset=data.main.total // 2 // PAGE * PAGE) if case == _CASES[-1] else None
    load = pgbench.run(data, case, connections=1, seconds=seconds, meter=meter, call=call)
    return max(load.cpu_seconds["PostgreSQL"], TICK_SECONDS) / load.requests * 1000


def _deliver(data: Data, *, turn: int, is_smoke: bool, meter: Callable[[], float]) -> float:
    """CPU microseconds of PostgreSQL, a company of new ones."""
    count = 1_000 * (1 if is_smoke else _BATCHES)

    async def work() -> None:
        async with await Database.open(data.dsn, size=1) as database:
            await deliver(database, await open_search(database), companies(count, first=turn * count))

    before = meter()
    asyncio.run(work())
    return max(meter() - before, TICK_SECONDS) / count * 1e6
