"""`openprospect sync` of a whole feed from a real service, whole processes from start to end, beside a dlt pipeline and curl.

By its own ways, and held to pages; curl fetches the same pages and drops them. Service, PostgreSQL and reader share the machine.
"""

import asyncio
import os
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import asyncpg

from bench.database import sibling
from bench.feed import companies, deliver, new_key, open_search
from bench.machine import ROOT
from bench.model import PEERS_PYTHON, Figure, Goal, Outcome, Size
from bench.processes import cpu_seconds
from bench.service import serving
from openprospect.demo.service import COMMAND, clean_environment
from openprospect.server.db.embedded import temporary
from openprospect.server.db.migrate import migrate
from openprospect.server.db.pool import Database
from openprospect.sync.client import Client

_OURS, _BY_PAGES, _PEER, _LIMIT = "openprospect sync", "openprospect sync, pages only", "dlt rest_api", "curl, the pages dropped"
_DUCKDB, _POSTGRESQL, _NOWHERE = "into DuckDB", "into PostgreSQL", "nowhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A served feed, and a database beside it to sync into."""

    base_url: str
    service_pid: int
    key: str
    search: str
    size: int
    warehouse: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run took; `cpu_seconds` without the service's, and without that of a PostgreSQL written to."""

    seconds: float
    cpu_seconds: float
    service_cpu_seconds: float
    peak_mebibytes: float


@dataclass(frozen=True, slots=True)
class Costs:
    """All runs, by where they went and by what."""

    found: dict[tuple[str, str], list[Cost]] = field(default_factory=lambda: defaultdict(list))

    def seconds(self, case: str, subject: str) -> float:
        return median(cost.seconds for cost in self.found[case, subject])

    def peak(self, subject: str) -> float:
        return max(cost.peak_mebibytes for (_, found), costs in self.found.items() if found == subject for cost in costs)


def run(size: Size) -> Outcome:
    count = size.companies
    with temporary() as dsn, tempfile.TemporaryDirectory() as folder:
        key, search = asyncio.run(_build(dsn, count))
        environment = {"OPENPROSPECT_DATABASE_URL": dsn}
        command = [COMMAND, "serve", "--port", "{port}", "--no-migrate"]
        with serving(command, environment=environment, log=Path(folder) / "service.log") as service:
            feed = Feed(
                base_url=service.base_url,
                service_pid=service.pid,
                key=key,
                search=search,
                size=count,
                warehouse=sibling(dsn, "warehouse"),
            )
            costs = _measure(feed, rounds=size.rounds)
    notes = [] if _has_peer() else ["dlt took no part: bench/.venv, which `make bench` makes, is not there."]
    setting = f"{count:,} companies with {3 * count:,} people, one worker; each run a process of its own, into an empty destination."
    return Outcome(setting=setting, figures=_figures(costs, count), goals=_goals(costs), notes=notes)


async def _build(dsn: str, count: int) -> tuple[str, str]:
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE DATABASE warehouse")
    await connection.close()
    async with await Database.open(dsn) as database:
        search = await open_search(database)
        await deliver(database, search, companies(count))
        return await new_key(database, "bench"), str(search.id)


def _measure(feed: Feed, *, rounds: int) -> Costs:
    costs, pages = Costs(), _curl_settings(feed)
    for number in range(rounds):
        for (case, subject), command in _commands(feed, number, pages).items():
            with tempfile.TemporaryDirectory() as folder:
                costs.found[case, subject].append(_measured(command, Path(folder), feed))
    return costs


def _commands(feed: Feed, number: int, pages: bytes) -> dict[tuple[str, str], tuple[Sequence[str], bytes]]:
    """What each runs, and what it reads from standard input."""
    schema = f"{'&' if '?' in feed.warehouse else '?'}schema=ours_{number}"
    sync = ["sync", feed.search, "--to"]
    by_pages = [str(Path(COMMAND).with_name("python")), "-m", "bench.sync_by_pages", *sync, "duckdb:///pages.duckdb"]
    commands: dict[tuple[str, str], tuple[Sequence[str], bytes]] = {
        (_DUCKDB, _OURS): ([COMMAND, *sync, "duckdb:///ours.duckdb"], b""),
        (_DUCKDB, _BY_PAGES): (by_pages, b""),
        (_POSTGRESQL, _OURS): ([COMMAND, *sync, feed.warehouse + schema], b""),
        (_NOWHERE, _LIMIT): (["curl", "--silent", "--show-error", "--fail", "--config", "-"], pages),
    }
    if _has_peer():
        peer = [str(PEERS_PYTHON), str(ROOT / "bench" / "sync_dlt.py"), feed.search]
        commands[_DUCKDB, _PEER] = ([*peer, "duckdb", "peer", "bench", "parquet"], b"")
        commands[_POSTGRESQL, _PEER] = ([*peer, "postgresql", feed.warehouse, f"peer_{number}", "csv"], b"")
    return commands


def _has_peer() -> bool:
    return PEERS_PYTHON.exists()


def _curl_settings(feed: Feed) -> bytes:
    """The URL of every page, as links lead from one to the next."""
    first = f"{feed.base_url}/api/v1/deliveries/{feed.search}/companies?limit=100"
    with Client(feed.base_url, feed.key) as client:
        stamps = [str(company.delivered_at) for company in client.companies(feed.search)]
    urls = [first, *(f"{first}&after={stamp}" for stamp in stamps[99:-1:100])]
    lines = [f'header = "Authorization: Bearer {feed.key}"', *(f'url = "{url}"\noutput = "{os.devnull}"' for url in urls)]
    return "\n".join(lines).encode()


def _measured(command: tuple[Sequence[str], bytes], folder: Path, feed: Feed) -> Cost:
    arguments, given = command
    environment = clean_environment(OPENPROSPECT_BASE_URL=feed.base_url, OPENPROSPECT_API_KEY=feed.key, DLT_DATA_DIR=str(folder))
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # Nobody's program is compiled anew each night.
    source = folder / "input"
    source.write_bytes(given)
    service_before, started = cpu_seconds(feed.service_pid), time.perf_counter()
    with source.open("rb") as standard_input:
        process = subprocess.Popen(
            arguments, cwd=folder, env={**environment, "PYTHONPATH": str(ROOT)}, stdin=standard_input, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}.")
    return Cost(
        seconds=time.perf_counter() - started,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        service_cpu_seconds=cpu_seconds(feed.service_pid) - service_before,
        peak_mebibytes=usage.ru_maxrss / 1024,
    )


def _figures(costs: Costs, count: int) -> list[Figure]:
    return [Figure(case=case, subject=subject, values=_values(found, count)) for (case, subject), found in sorted(costs.found.items())]


def _values(costs: Iterable[Cost], count: int) -> dict[str, float]:
    costs = list(costs)
    seconds = median(cost.seconds for cost in costs)
    return {
        "seconds": seconds,
        "companies/s": count / seconds,
        "CPU s": median(cost.cpu_seconds for cost in costs),
        "service's CPU s": median(cost.service_cpu_seconds for cost in costs),
        "peak MiB": max(cost.peak_mebibytes for cost in costs),
    }


def _goals(costs: Costs) -> list[Goal]:
    def faster(case: str, subject: str, *, than: str, where: str | None = None) -> float:
        return costs.seconds(where or case, than) / costs.seconds(case, subject)

    goals = [
        Goal(name="from the export ÷ from pages, into DuckDB", measured=faster(_DUCKDB, _OURS, than=_BY_PAGES), at_least=1.2),
        Goal(name="into DuckDB ÷ curl dropping the pages", measured=faster(_DUCKDB, _OURS, than=_LIMIT, where=_NOWHERE), at_least=0.35),
        Goal(name="peak memory, MiB", measured=costs.peak(_OURS), at_most=400),
    ]
    into = {case: bound for case, bound in ((_DUCKDB, 7.0), (_POSTGRESQL, 6.0)) if (case, _PEER) in costs.found}
    return goals + [Goal(name=f"{case} ÷ dlt", measured=faster(case, _OURS, than=_PEER), at_least=bound) for case, bound in into.items()]
