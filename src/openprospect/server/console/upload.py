"""A producer's file, delivered while somebody watches.

Between the preview and the delivery nothing of it is kept here: the browser sends it twice.

Parsing runs in a thread of its own, so that other requests of the process go on meanwhile.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from openprospect.server.feed.writing.publish import MAX_BATCH
from openprospect.server.intake.columns import Column
from openprospect.server.intake.deliver import Delivery, Tally, deliver_file
from openprospect.server.intake.file import open_file
from openprospect.server.intake.outcome import DeliveredRow, Outcome
from openprospect.server.intake.rejects import RejectsFile, rejects_path

_PULSE_SECONDS = 0.25
_SHOWN = 50
_MOST_BYTES = 2 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A row that cannot be delivered, and why."""

    line: int
    field: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Report:
    """How far a file has come; complete once `is_over`."""

    columns: Sequence[Column] = ()
    encoding: str | None = None
    """What a CSV file was taken to be written in; None for the other formats."""
    examples: Mapping[str, str] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    fraction: float = 0.0
    is_over: bool = False
    rejected: Sequence[Rejected] = ()
    rejects: str = ""
    """The file of rejected rows, to mend the uploaded one by; empty where there are none, or too many for a page."""


@contextmanager
def uploaded(name: str, content: bytes) -> Iterator[Path]:
    """The file on disk for as long as the block lasts, readable by this service alone."""
    ending = Path(name).suffix.lower()
    with TemporaryDirectory(prefix="openprospect-upload-") as folder:
        # A name is the sender's: nothing of it but an ending, and that only where it can be one.
        path = Path(folder) / f"upload{ending if ending[1:].isalnum() and len(ending) < 20 else ''}"
        path.write_bytes(content)
        yield path


async def deliver_upload(
    delivery: Delivery, path: Path, mapping: Mapping[str, str], *, encoding: str | None = None
) -> AsyncIterator[Report]:
    """Deliver a file, or find out what would happen; tells from time to time how far it is. Raises InvalidInput where it cannot be read."""
    report = Report()
    with ThreadPoolExecutor(max_workers=1) as thread:
        loop = asyncio.get_running_loop()
        with (
            await loop.run_in_executor(thread, lambda: open_file(path, mapping=mapping, encoding=encoding)) as source,
            RejectsFile(rejects_path(path)) as rejects,
        ):
            report.columns, report.encoding = source.columns, source.encoding
            outcomes = iter(source)
            while True:
                reading = loop.run_in_executor(thread, _next_batch, outcomes)
                async for _ in _pulses(reading):
                    report.fraction = source.progress or 0.0
                    yield report
                if not (batch := await reading):
                    break
                report.examples = report.examples or _examples(batch)
                _add(report.tally, await deliver_file(delivery, batch, rejects, on_progress=lambda _: None))
                report.fraction = source.progress or 0.0
                yield report
    report.is_over, report.fraction = True, 1.0
    report.rejected, report.rejects = _rejects(rejects)
    yield report


def _next_batch(outcomes: Iterator[Outcome]) -> list[Outcome]:
    return list(islice(outcomes, MAX_BATCH))


async def _pulses(work: "asyncio.Future[Any]") -> AsyncIterator[None]:
    """A beat now and then until the work is done."""
    while not (await asyncio.wait([work], timeout=_PULSE_SECONDS))[0]:
        yield


def _add(total: Tally, part: Tally) -> None:
    total.delivered += part.delivered
    total.unchanged += part.unchanged
    total.suppressed += part.suppressed
    total.rejected += part.rejected


def _examples(batch: Sequence[Outcome]) -> dict[str, str]:
    """A value for each heading, from the first rows that have one."""
    found: dict[str, str] = {}
    for outcome in batch[:20]:
        for raw in [source.raw for source in outcome.sources] if isinstance(outcome, DeliveredRow) else [outcome.raw]:
            if isinstance(raw, dict):
                found = {str(name): str(value)[:80] for name, value in raw.items() if value not in (None, "")} | found
    return found


def _rejects(rejects: RejectsFile) -> tuple[list[Rejected], str]:
    if not rejects.count:
        return [], ""
    with rejects.path.open(encoding="utf-8") as file:
        shown = [json.loads(line) for line in islice(file, _SHOWN)]
    rows = [Rejected(line=row["line"], field=row["field"], reason=row["reason"]) for row in shown]
    is_small = rejects.path.stat().st_size <= _MOST_BYTES
    return rows, rejects.path.read_text(encoding="utf-8") if is_small else ""
