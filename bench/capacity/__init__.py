"""What companies take on disk and in the log, and what pages, polls and exports cost among millions of them and among ten thousand."""

import asyncio
import tempfile
from contextlib import ExitStack
from pathlib import Path

import urllib3

from bench.capacity.ground import Built, build
from bench.capacity.weigh import OURS, weights, written
from bench.database import server_pid
from bench.model import Goal, Outcome, Size
from bench.processes import TICK_SECONDS, cpu_seconds
from bench.read.cases import FIRST, JUMP, POLL, SINCE, STRETCHES
from bench.read.data import Feed
from bench.read.measuring import Ground, Samples, Values, costs_of
from bench.read.subjects import Subject, ours
from openprospect.server.db.embedded import temporary

_CASES = (FIRST, STRETCHES, JUMP, SINCE, POLL)
_CONNECTIONS = 4
_EXPORT = "export"
_EXPORTED_BYTES = 2**27


def run(size: Size) -> Outcome:
    with temporary() as dsn:
        return measure(asyncio.run(build(dsn, size)), size)


def measure(built: Built, size: Size) -> Outcome:
    """Everything that is asked of a database that has been filled."""
    data, samples = built.data, Samples()
    ground = Ground(data=data, database_pid=asyncio.run(server_pid(data.dsn)), seconds=size.seconds)
    with ExitStack() as stack:
        service = ours(stack, data, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        for _ in range(size.rounds):
            for case in _CASES:
                for name, feed in data.sized.items():
                    crowd = ground.visit(service, case, connections=_CONNECTIONS, feed=feed)
                    samples.add(case.name, _subject(name), costs_of(crowd))
            for name, feed in data.sized.items():
                samples.add(_EXPORT, _subject(name), _export(ground, service, feed))
    return Outcome(
        setting=f"{built.companies:,} companies, 3 people at each, in {len(data.sized)} feeds of one database; one worker, "
        f"{_CONNECTIONS} connections; medians of {size.rounds} rounds.",
        figures=[*asyncio.run(weights(data.dsn, built.companies)), written(built.wal_bytes, built.published), *samples.figures()],
        goals=_goals(list(data.sized), samples),
        notes=[
            "Of a churned feed, a tenth was delivered again and a tenth was withdrawn. What they replaced is forgotten.",
            (
                "PostgreSQL has the 128 MiB of buffers that the embedded one has: of the big feeds, a jump meets what was not "
                "read lately, and fetches them from the system's cache or the disk. The other cases go on where somebody has just been."
            ),
        ],
    )


def _subject(feed: str) -> str:
    return f"{OURS}, {feed}"


def _goals(names: list[str], samples: Samples) -> list[Goal]:
    big, small, big_churned, small_churned = names
    return [
        Goal(
            name=f"{case}: CPU in a feed of {over} ÷ of {under} companies",
            measured=samples.ratio((case, _subject(over)), (case, _subject(under)), lambda values: sum(values.values())),
            at_most=1.15,
        )
        for case in (*(case.name for case in _CASES), _EXPORT)
        for over, under in ((big, small), (big_churned, small_churned))
    ]


def _export(ground: Ground, service: Subject, feed: Feed) -> Values:
    """The CPU of streams that are read for so many bytes altogether, a company."""
    headers = {"Authorization": f"Bearer {ground.data.keys[0]}", "Accept-Encoding": "identity"}
    url = f"{service.service.base_url}/api/v1/deliveries/{feed.search_id}/export"
    before = cpu_seconds(service.service.pid) + ground.database_cpu()
    read = companies = 0
    with urllib3.PoolManager() as http:
        while read < _EXPORTED_BYTES:
            with http.request("GET", url, headers=headers, preload_content=False) as answer:
                for chunk in answer.stream(2**18):
                    read, companies = read + len(chunk), companies + chunk.count(b"\n")
                    if read >= _EXPORTED_BYTES:
                        break
    used = cpu_seconds(service.service.pid) + ground.database_cpu() - before
    return {"CPU µs/company": max(used, TICK_SECONDS) / companies * 1e6}
