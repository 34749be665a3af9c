"""A table with a row a person on its way to the feed: read once to bring each company's rows together, then company by company."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from openprospect.server.core.errors import Fault
from openprospect.server.feed.model import JsonObject
from openprospect.server.intake.columns import Column
from openprospect.server.intake.formats.source import Table, TableRow
from openprospect.server.intake.grouping import Companies, Group, Grouping
from openprospect.server.intake.keys import Key, keys_of
from openprospect.server.intake.merging import Member, merge_company
from openprospect.server.intake.outcome import DeliveredRow, Outcome, RejectedRow, Source
from openprospect.server.intake.records import Splitter

MAX_ROWS_A_COMPANY = 10_000
"""More than ten rows for each person that a company may have: not one company, but a column that is not what it seems."""


class TableIntake:
    """Rows grouped, merged and checked."""

    def __init__(self, table: Table, columns: Sequence[Column]) -> None:
        self._table = table
        self._columns = columns
        self._splitter = Splitter(columns)
        self._grouping = Grouping()
        self._companies = Companies()
        self._is_read = False
        self._is_stopped = False

    def outcomes(self) -> Iterator[Outcome]:
        for row in self._table.rows():
            if self._is_stopped:
                return
            rejected = row if isinstance(row, RejectedRow) else self._take(row)
            if rejected:
                yield rejected
        self._is_read = True
        for group in self._grouping.companies(self._keys_of):
            yield from self._unclear(group) if group.rivals else self._merged(group.rows)

    def fraction(self) -> float:
        """Reading and merging take about half of the time each."""
        return (1 + self._grouping.fraction()) / 2 if self._is_read else self._table.fraction() / 2

    def stop(self) -> None:
        self._is_stopped = True

    def close(self) -> None:
        self._grouping.close()
        self._companies.close()

    def _take(self, row: TableRow) -> RejectedRow | None:
        company, _ = self._splitter.split(row.cells)
        try:
            self._grouping.add(row.line, row.cells, key=next(keys_of(company, row.line)))
        except UnicodeEncodeError:
            faults = [Fault(field="", reason="holds bytes that are no text in the file's encoding; save the file as UTF-8")]
            return RejectedRow(line=row.line, faults=faults, raw=self._raw(row.cells))
        return None

    def _merged(self, rows: Iterator[tuple[int, list[Any]]]) -> Iterator[Outcome]:
        members = [self._member(line, cells) for line, cells in islice(rows, MAX_ROWS_A_COMPANY)]
        excess = next(rows, None)
        if excess is not None:
            yield from self._too_many(members, excess, rows)
            return
        for outcome in merge_company(members):
            clash = isinstance(outcome, DeliveredRow) and self._companies.clash(outcome.row, outcome.line)
            if isinstance(outcome, DeliveredRow) and clash:
                yield from outcome.rejected([clash])
            else:
                yield outcome

    def _unclear(self, group: Group) -> Iterator[Outcome]:
        one, other = group.rivals
        for line, cells in group.rows:
            member = self._member(line, cells)
            field = next((name for name in ("source_id", "website_url") if name in member.company), "name")
            reason = f"may be of the company of line {one} or of that of line {other}; give the row what tells these apart"
            yield RejectedRow(line=line, faults=[Fault(field=field, reason=reason)], raw=member.source.raw)

    def _too_many(
        self, members: Iterable[Member], excess: tuple[int, list[Any]], rows: Iterator[tuple[int, list[Any]]]
    ) -> Iterator[Outcome]:
        faults = [
            Fault(field="", reason=f"more than {MAX_ROWS_A_COMPANY:,} rows for one company; check the columns that tell companies apart")
        ]
        yield from (RejectedRow(line=member.source.line, faults=faults, raw=member.source.raw) for member in members)
        yield RejectedRow(line=excess[0], faults=faults, raw=self._raw(excess[1]))
        yield from (RejectedRow(line=line, faults=faults, raw=self._raw(cells)) for line, cells in rows)

    def _keys_of(self, line: int, cells: list[Any]) -> list[Key]:
        company, _ = self._splitter.split(cells)
        return list(keys_of(company, line))

    def _member(self, line: int, cells: list[Any]) -> Member:
        company, person = self._splitter.split(cells)
        return Member(source=Source(line=line, raw=self._raw(cells)), company=company, person=person)

    def _raw(self, cells: Sequence[object]) -> JsonObject:
        return {column.heading: cells[column.index] for column in self._columns}
