"""Taking turns: every case at every subject, one after the other, round after round, so that a noisy minute hits all alike."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median

from bench import load
from bench.load import Load
from bench.model import Figure
from bench.processes import TICK_SECONDS, cpu_seconds
from bench.read.cases import Case, Visit
from bench.read.data import Data, Feed, stand_at
from bench.read.subjects import Subject

Values = dict[str, float]
RATE, P50, P99 = "requests/s", "p50 ms", "p99 ms"
ALONE = "p50 ms, one connection"
SERVICE_CPU, DATABASE_CPU = "service CPU ms/request", "PostgreSQL CPU ms/request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What every measurement needs. `database_pid` is the process above all of PostgreSQL's."""

    data: Data
    database_pid: int
    seconds: float

    def database_cpu(self) -> float:
        return cpu_seconds(self.database_pid)

    def begin(self, case: Case, feed: Feed) -> None:
        """The consumers stand where the case begins."""
        asyncio.run(stand_at(self.data, feed, case.stands_at(feed) if case.stands_at else None))

    def visit(self, subject: Subject, case: Case, *, connections: int, feed: Feed | None = None, seconds: float | None = None) -> Load:
        """One measurement."""
        feed = feed or self.data.main
        self.begin(case, feed)
        keys = self.data.keys[:connections]
        scripts = [case.script(Visit(subject=subject, feed=feed, key=key)) for key in keys]
        meters: dict[str, Callable[[], float]] = {"service": partial(cpu_seconds, subject.service.pid), "PostgreSQL": self.database_cpu}
        return load.run(subject.service.port, scripts, seconds=seconds or self.seconds, prelude=case.prelude, meters=meters)


@dataclass(frozen=True, slots=True)
class Samples:
    """What was measured, round by round, by case and subject."""

    taken: defaultdict[tuple[str, str], list[Values]] = field(default_factory=lambda: defaultdict(list))

    def add(self, case: str, subject: str, values: Values) -> None:
        self.taken[case, subject].append(values)

    def has(self, case: str, *subjects: str) -> bool:
        return all((case, subject) in self.taken for subject in subjects)

    def value(self, case: str, subject: str, name: str) -> float:
        """The median over the rounds."""
        return median(values[name] for values in self.taken[case, subject])

    def ratio(self, over: tuple[str, str], under: tuple[str, str], of: Callable[[Values], float]) -> float:
        """The median of the ratios within each round."""
        return median(of(one) / of(other) for one, other in zip(self.taken[over], self.taken[under], strict=True))

    def figures(self) -> list[Figure]:
        return [Figure(case=case, subject=subject, values=_medians(rounds)) for (case, subject), rounds in self.taken.items()]


def rate(values: Values) -> float:
    return values[RATE]


def cpu(values: Values) -> float:
    """Of the service and of PostgreSQL, a request."""
    return values[SERVICE_CPU] + values[DATABASE_CPU]


def values_of(crowd: Load, alone: Load) -> Values:
    """Of the measurement with many connections, and the latency with one."""
    return {
        RATE: crowd.requests / crowd.seconds,
        "companies/s": crowd.companies / crowd.seconds,
        P50: crowd.percentile(0.5) * 1000,
        P99: crowd.percentile(0.99) * 1000,
        ALONE: alone.percentile(0.5) * 1000,
        **costs_of(crowd),
        "generator CPU ms/request": crowd.cpu_seconds["generator"] / crowd.requests * 1000,
    }


def costs_of(crowd: Load) -> Values:
    service_seconds = max(crowd.cpu_seconds["service"], TICK_SECONDS)  # whoever answered used some
    return {
        SERVICE_CPU: service_seconds / crowd.requests * 1000,
        DATABASE_CPU: crowd.cpu_seconds["PostgreSQL"] / crowd.requests * 1000,
    }


def _medians(rounds: Sequence[Values]) -> Values:
    return {name: median(values[name] for values in rounds) for name in rounds[0]}
