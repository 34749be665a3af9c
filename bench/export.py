"""A whole feed as one stream, in each form, beside the limit: the same lines out of the same table with nothing else done.

The reader takes what comes as fast as it can, and drops it.
"""

import asyncio
import hashlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import urllib3

from bench.database import server_pid
from bench.feed import companies, deliver, new_key, open_search
from bench.model import Figure, Goal, Outcome, Plot, Size
from bench.processes import TICK_SECONDS, cpu_seconds, resident_mebibytes
from bench.service import Service, serving
from openprospect.demo.service import COMMAND
from openprospect.server.db.embedded import temporary
from openprospect.server.db.migrate import migrate
from openprospect.server.db.pool import Database

_OURS, _BARE = "openprospect", "bare ASGI, same table"
_CASE, _RATE, _CPU, _MEMORY = "all companies", "companies/s", "CPU µs/company", "MiB at the end"
# Parquet and Arrow are compressed within.
_FORMS = {"NDJSON": "", "NDJSON, zstd": "", "NDJSON, gzip": "", "Parquet": "?format=parquet", "Arrow": "?format=arrow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    name: str
    service: Service
    path: str
    headers: dict[str, str]


def run(size: Size) -> Outcome:
    with temporary() as dsn, tempfile.TemporaryDirectory() as folder:
        search_id, key = asyncio.run(_fill(dsn, size.companies))
        postgres = asyncio.run(server_pid(dsn))
        with _subjects(dsn, search_id, key, Path(folder)) as subjects:
            _check_same(subjects[:2])
            taken: dict[str, list[dict[str, float]]] = {subject.name: [] for subject in subjects}
            for _ in range(size.rounds):
                for subject in subjects:
                    taken[subject.name].append(_measure(subject, postgres, size.companies))
    values = {name: {unit: statistics.median(round_[unit] for round_ in rounds) for unit in rounds[0]} for name, rounds in taken.items()}
    name = f"{_OURS}, NDJSON"
    goals = [
        Goal(name="companies/s ÷ bare ASGI", measured=values[name][_RATE] / values[_BARE][_RATE], at_least=0.7),
        Goal(name="CPU ÷ bare ASGI", measured=values[name][_CPU] / values[_BARE][_CPU], at_most=1 / 0.7),
    ]
    plot = Plot(
        name="export",
        title="A feed as one stream",
        y_label=_RATE,
        categories=list(values),
        bars={_RATE: [measured[_RATE] for measured in values.values()]},
    )
    return Outcome(
        setting=f"{size.companies:,} companies in one feed, one worker, one reader; medians of {size.rounds} turns.",
        figures=[Figure(case=_CASE, subject=name, values=measured) for name, measured in values.items()],
        goals=goals,
        plots=[plot],
    )


async def _fill(dsn: str, count: int) -> tuple[str, str]:
    await migrate(dsn)
    async with await Database.open(dsn) as database:
        search = await open_search(database)
        await deliver(database, search, companies(count))
        await database.execute("VACUUM (ANALYZE) delivery")
        return str(search.id), await new_key(database, "reader")


@contextmanager
def _subjects(dsn: str, search_id: str, key: str, logs: Path) -> Iterator[list[Subject]]:
    environment = {"OPENPROSPECT_DATABASE_URL": dsn}
    ours: list[str | Path] = [COMMAND, "serve", "--port", "{port}", "--no-migrate"]
    uvicorn = [sys.executable, "-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    bare: list[str | Path] = [*uvicorn, "--port", "{port}", "bench.peers.bare_export:app"]
    with (
        serving(ours, environment=environment, log=logs / "openprospect.log") as service,
        serving(bare, environment=environment, log=logs / "bare.log") as limit,
    ):
        path, authorization = f"/api/v1/deliveries/{search_id}/export", {"Authorization": f"Bearer {key}"}
        codings = {form: {"Accept-Encoding": form.partition(", ")[2] or "identity"} for form in _FORMS}
        forms = [
            Subject(name=f"{_OURS}, {form}", service=service, path=path + query, headers=authorization | codings[form])
            for form, query in _FORMS.items()
        ]
        yield [Subject(name=_BARE, service=limit, path=f"/{search_id}", headers={}), *forms]


def _check_same(subjects: list[Subject]) -> None:
    """Rates of different bytes would compare nothing."""
    digests = []
    for subject in subjects:
        digest = hashlib.sha256()
        _read(subject, digest.update)
        digests.append(digest.digest())
    if len(set(digests)) > 1:
        raise SystemExit(f"{' and '.join(subject.name for subject in subjects)} stream different bytes.")


def _measure(subject: Subject, postgres: int, count: int) -> dict[str, float]:
    sizes: list[int] = []
    before, started = cpu_seconds(subject.service.pid) + cpu_seconds(postgres), time.perf_counter()
    _read(subject, lambda chunk: sizes.append(len(chunk)))
    seconds = time.perf_counter() - started
    cpu = max(cpu_seconds(subject.service.pid) + cpu_seconds(postgres) - before, TICK_SECONDS)  # whoever answered used some
    return {
        _RATE: count / seconds,
        _CPU: cpu / count * 1e6,
        "bytes/company": sum(sizes) / count,
        _MEMORY: resident_mebibytes(subject.service.pid),
    }


def _read(subject: Subject, take: Callable[[bytes], object]) -> None:
    """The bytes as they come over the wire, compressed or not."""
    with urllib3.PoolManager() as http:
        response = http.request("GET", subject.service.base_url + subject.path, headers=subject.headers, preload_content=False)
        if response.status != 200:
            raise SystemExit(f"{subject.name} answered {response.status}.")
        for chunk in response.stream(1 << 18, decode_content=False):
            take(chunk)
