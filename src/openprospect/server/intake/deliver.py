"""Delivering a file: in batches, each whole or not at all; what cannot be delivered goes to the rejects, the rest goes in."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from types import TracebackType
from typing import Self

from openprospect.server.core.errors import Fault, InvalidInput, OpenProspectError, Unavailable
from openprospect.server.db.pool import Connection
from openprospect.server.feed.store import await_organization
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.feed.writing.publish import MAX_BATCH, Published, Submission, publish
from openprospect.server.intake.met import MetCompanies
from openprospect.server.intake.outcome import DeliveredRow, IntakeResult, RejectedRow
from openprospect.server.intake.rejects import Rejects
from openprospect.server.searches.model import Search

_NUMBER = re.compile(r"\d[\d.,]*\d|\d")
_MOST_REASONS = 1_000


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of a file: companies, people left out, and rows of the file that were rejected.

    `new`: companies that are new to a feed that had others before the file. `left`: people who were at these companies before, and are not
    in the file. `kept`: those who stay, since a rejected row may be theirs. `differing`: by field, in how many companies rows contradict
    each other. `reasons`: how many rows were rejected for what, whatever its numbers.
    """

    delivered: int = 0
    unchanged: int = 0
    suppressed: int = 0
    rejected: int = 0
    new: int = 0
    left: int = 0
    kept: int = 0
    differing: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def roll_back(self) -> None:
        """Nothing was delivered after all; what was rejected stays so."""
        self.delivered = self.unchanged = self.suppressed = self.new = self.left = self.kept = 0
        self.differing.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDelivery:
    """How a file is delivered: to which search, in whose name, and whether anything may be left out or nothing be kept."""

    writing: Writing
    search: Search
    actor: str
    all_or_nothing: bool = False
    dry_run: bool = False


class _RollBack(Exception):
    """Not an error: the way to end a transaction without its effects."""


@dataclass(slots=True)
class FileRun:
    """One file on its way to the feed, handed in whole or part by part, within the block; `on_progress` is told after each batch.

    It remembers what the parts before were about. The tally is true also where an error ends it: `cut_short` tells the error with it.
    """

    delivery: FileDelivery
    rejects: Rejects
    tally: Tally
    on_progress: Callable[[Tally], None] = lambda _: None
    _met: MetCompanies = field(default_factory=MetCompanies)
    _is_first: bool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._met.close()

    async def deliver(self, outcomes: Iterable[IntakeResult]) -> None:
        """In batches that are kept one by one; a dry run counts the same and keeps nothing."""
        await self._deliver(iter(outcomes), None)

    async def deliver_together(self, outcomes: Iterable[IntakeResult]) -> None:
        """Everything in one transaction, kept only where nothing was rejected."""
        with suppress(_RollBack):
            async with self.delivery.writing.database.transaction() as db:
                # The file may come from a pipe that takes its time.
                await db.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                await await_organization(db, self.delivery.search.organization_id)
                await self._deliver(iter(outcomes), db)
                if self.tally.rejected:
                    self.tally.roll_back()
                if self.tally.rejected or self.delivery.dry_run:
                    raise _RollBack

    async def _deliver(self, outcomes: Iterator[IntakeResult], db: Connection | None) -> None:
        while batch := list(islice(outcomes, MAX_BATCH)):
            rows = [outcome for outcome in batch if isinstance(outcome, DeliveredRow)]
            self._reject(outcome for outcome in batch if isinstance(outcome, RejectedRow))
            if rows:
                self._count(rows, await self._publish(db, rows) if db is not None else await self._publish_apart(rows))
            self.on_progress(self.tally)

    async def _publish_apart(self, rows: list[DeliveredRow]) -> Published:
        """In a transaction that is over when this returns: what is counted then is kept."""
        published: list[Published] = []

        async def publish_batch(db: Connection) -> None:
            published[:] = [await self._publish(db, rows)]
            if self.delivery.dry_run:
                raise _RollBack

        with suppress(_RollBack):
            await self.delivery.writing.at_feed(self.delivery.search.id, publish_batch)
        return published[0]

    async def _publish(self, db: Connection, rows: list[DeliveredRow]) -> Published:
        submission = Submission(
            rows=[row.row for row in rows],
            actor=self.delivery.actor,
            all_or_nothing=False,
            places=[f"line {row.line}" for row in rows],
            met=self._met,
        )
        return await publish(db, self.delivery.search, submission)

    def _count(self, rows: list[DeliveredRow], published: Published) -> None:
        for index, faults in published.rejected.items():
            self._reject(rows[index].rejected(faults))
        if self._is_first is None:
            self._is_first = published.is_first
        for index, outcome in published.outcomes.items():
            self.tally.differing.update(rows[index].differing)
            self.tally.new += outcome.is_new and not self._is_first
            self.tally.left += outcome.left
            # Who stays at a company that was met stands in its earlier rows.
            self.tally.kept += outcome.kept if outcome.company_id not in self._met else 0
            self.tally.delivered += outcome.is_delivered
            self.tally.unchanged += not outcome.is_delivered
            self.tally.suppressed += outcome.suppressed
        self._met.add([*published.disputed, *(outcome.company_id for outcome in published.outcomes.values())])

    def _note(self, fault: Fault) -> None:
        reason = _NUMBER.sub("…", f"{fault.field}: {fault.reason}" if fault.field else fault.reason)
        if reason in self.tally.reasons or len(self.tally.reasons) < _MOST_REASONS:
            self.tally.reasons[reason] += 1

    def _reject(self, rows: Iterable[RejectedRow]) -> None:
        for row in rows:
            self.rejects.add(row)
            self.tally.rejected += 1
            self._note(row.faults[0])


async def deliver_file(
    delivery: FileDelivery, outcomes: Iterable[IntakeResult], rejects: Rejects, tally: Tally, *, on_progress: Callable[[Tally], None]
) -> None:
    """Deliver what a file holds, as a whole where the delivery says so; `on_progress` is told after each batch."""
    with FileRun(delivery, rejects, tally, on_progress) as run:
        await (run.deliver_together if delivery.all_or_nothing else run.deliver)(outcomes)


def cut_short(error: OpenProspectError, delivery: FileDelivery, tally: Tally) -> OpenProspectError:
    """What went wrong with a batch, told of a file whose beginning was delivered; the error itself where nothing of it was."""
    there = there_already(tally)
    if delivery.dry_run or delivery.all_or_nothing or not there:
        return error
    kind, cause = (Unavailable, error.cause) if isinstance(error, Unavailable) else (InvalidInput, error.message)
    return kind(f"{cause} {there}; deliver it again, whole, once that is mended: what is there stays unchanged.")


def there_already(tally: Tally) -> str | None:
    """How many companies of a file that is cut short are delivered; None where none is."""
    there = tally.delivered + tally.unchanged
    if not there:
        return None
    return (
        "1 company of this file is delivered and stays so" if there == 1 else f"{there:,} companies of this file are delivered and stay so"
    )
