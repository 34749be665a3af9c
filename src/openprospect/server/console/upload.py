"""A producer's file, delivered while somebody watches.

Between the preview and the delivery nothing of it is kept here: the browser sends it twice.
It has no name on the disk either: a process that is killed would leave people on the disk.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openprospect.server.console.reading import FileReader
from openprospect.server.core.errors import OpenProspectError
from openprospect.server.feed.writing.publish import MAX_BATCH
from openprospect.server.intake.columns import Column
from openprospect.server.intake.deliver import FileDelivery, FileRun, Tally, cut_short
from openprospect.server.intake.file import InputFile
from openprospect.server.intake.outcome import DeliveredRow, IntakeResult, RejectedRow
from openprospect.server.intake.rejects import line_of

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
    sheet: str | None = None
    sheets: Sequence[str] = ()
    """The sheet of a workbook that is read, and all that it shows."""
    examples: Mapping[str, str] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    fraction: float = 0.0
    is_over: bool = False
    rejected: Sequence[Rejected] = ()
    rejects: str = ""
    """The file of rejected rows, to mend the uploaded one by; empty where there are none, or too many for a page."""
    title_lines: int = 0
    repeated_headings: int = 0
    problem: str | None = None
    """What broke it off before the file's end."""


async def deliver_upload(delivery: FileDelivery, opened: Callable[[], InputFile]) -> AsyncIterator[Report]:
    """Deliver a file, or find out what would happen; tells now and then how far it is. Raises InvalidInput where it cannot be opened."""
    report = Report()
    rejects = _Rejects()
    with FileReader(opened) as reading, FileRun(delivery, rejects, report.tally) as run:
        source = await reading.open()
        report.columns, report.encoding = source.columns, source.encoding
        report.sheet, report.sheets = source.sheet, source.sheets
        try:
            async for _ in _batches(run, reading, report):
                report.fraction = source.progress or 0.0
                yield report
        except OpenProspectError as error:
            report.problem = cut_short(error, delivery, report.tally).message
        report.title_lines, report.repeated_headings = source.title_lines, source.repeated_headings
    report.is_over, report.fraction = True, 1.0
    report.rejected, report.rejects = rejects.shown, rejects.text
    yield report


async def _batches(run: FileRun, reading: FileReader, report: Report) -> AsyncIterator[None]:
    """A beat now and then, and one after each batch, counted in the report."""
    while True:
        batch = reading.next_batch(MAX_BATCH)
        async for _ in _pulses(batch):
            yield
        if not (outcomes := await batch):
            return
        report.examples = report.examples or _examples(outcomes)
        await run.deliver(outcomes)
        yield


async def _pulses(work: "asyncio.Future[Any]") -> AsyncIterator[None]:
    """A beat now and then until the work is done."""
    while not (await asyncio.wait([work], timeout=_PULSE_SECONDS))[0]:
        yield


def _examples(batch: Sequence[IntakeResult]) -> dict[str, str]:
    """A value for each heading, from the first rows that have one."""
    found: dict[str, str] = {}
    for outcome in batch[:20]:
        for raw in [source.raw for source in outcome.sources] if isinstance(outcome, DeliveredRow) else [outcome.raw]:
            if isinstance(raw, dict):
                found = {str(name): str(value)[:80] for name, value in raw.items() if value not in (None, "")} | found
    return found


class _Rejects:
    """Rejected rows in memory, no more of them than a page can take."""

    def __init__(self) -> None:
        self.shown: list[Rejected] = []
        self._lines: list[bytes] = []
        self._room = _MOST_BYTES

    def add(self, rejected: RejectedRow) -> None:
        fault = rejected.faults[0]
        if len(self.shown) < _SHOWN:
            self.shown.append(Rejected(line=rejected.line, field=fault.field, reason=fault.reason))
        if self._room >= 0:
            self._lines.append(line := line_of(rejected))
            self._room -= len(line)

    @property
    def text(self) -> str:
        return b"".join(self._lines).decode() if self._room >= 0 else ""
