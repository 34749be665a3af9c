"""What the service and PostgreSQL hold on to while they run: memory of each process, open files, connections."""

import asyncio
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.model import Figure
from bench.processes import memory_mebibytes, open_files, workers
from openprospect.server.db.pool import Database

SAMPLES = 120
"""About so many, however long it takes."""

_BACKENDS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"


@dataclass(slots=True, kw_only=True)
class Watch:
    """Series of minutes and values, by name."""

    service_pid: int
    server_pid: int
    database: Database
    series: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    async def turn(self, minutes: float) -> None:
        now: dict[str, float] = {
            f"memory of worker {place}, MiB": memory_mebibytes(pid, "VmRSS") for place, pid in enumerate(workers(self.service_pid), start=1)
        }
        now["memory of PostgreSQL, MiB"] = memory_mebibytes(self.server_pid, "RssAnon", with_children=True)
        now["open files of the service"] = sum(open_files(pid) for pid in workers(self.service_pid))
        now["connections to PostgreSQL"] = await self.database.value(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        )
        for name, value in now.items():
            self.series.setdefault(name, []).append((minutes, value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How something went: the mean of the first, the middle and the last tenth, and what it gained an hour in the second half."""

    start: float
    middle: float
    end: float
    an_hour: float

    @classmethod
    def of(cls, series: list[tuple[float, float]]) -> "Course":
        values = [value for _, value in series]
        tenth, half = max(1, len(values) // 10), len(values) // 2
        middle = (len(values) - tenth) // 2
        return cls(
            start=statistics.fmean(values[:tenth]),
            middle=statistics.fmean(values[middle : middle + tenth]),
            end=statistics.fmean(values[-tenth:]),
            an_hour=_slope(series[half:]) * 60,
        )

    def figure(self, name: str) -> Figure:
        values = {"start": self.start, "middle": self.middle, "end": self.end, "more an hour, second half": self.an_hour}
        return Figure(case=name, subject="openprospect", values=values)


def courses(series: Mapping[str, list[tuple[float, float]]]) -> dict[str, Course]:
    return {name: Course.of(points) for name, points in series.items()}


async def until_stopped(stop: asyncio.Event, pause: Callable[[], float]) -> bool:
    """Wait for a pause; False once it is over."""
    try:
        await asyncio.wait_for(stop.wait(), pause())
    except TimeoutError:
        return True
    return False


async def watching(watch: Watch, stop: asyncio.Event, *, seconds: float) -> None:
    """Look as often as makes some hundred samples, until it is over."""
    started = time.monotonic()
    while True:
        await watch.turn((time.monotonic() - started) / 60)
        if not await until_stopped(stop, lambda: seconds / SAMPLES):
            return


def _slope(points: list[tuple[float, float]]) -> float:
    """By least squares; 0 of less than two moments."""
    if len({x for x, _ in points}) < 2:
        return 0.0
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope
