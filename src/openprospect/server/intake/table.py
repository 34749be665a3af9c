"""A table with a row a person on its way to the feed: read once to bring each company's rows together, then company by company."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from openprospect.server.core.errors import Fault
from openprospect.server.feed.model import JsonObject
from openprospect.server.feed.rows.row import COMPANY_FIELDS
from openprospect.server.intake.columns import Column, may_be_of_people
from openprospect.server.intake.formats.source import Table, TableRow
from openprospect.server.intake.grouping import Companies, Group, Grouping
from openprospect.server.intake.keys import Key, Kind, keys_of
from openprospect.server.intake.member import Member
from openprospect.server.intake.merging import merge_company
from openprospect.server.intake.outcome import DeliveredRow, IntakeResult, RejectedRow, Source
from openprospect.server.intake.records import Splitter

MAX_ROWS_A_COMPANY = 10_000
"""More than ten rows for each person that a company may have: not one company, but a column that is not what it seems."""


class TableIntake:
    """Rows grouped, merged and checked."""

    def __init__(self, table: Table, columns: Sequence[Column]) -> None:
        self._table = table
        self.repeated_headings = 0
        self._columns = columns
        self._may_be_of_people = may_be_of_people(columns)
        self._of_company = frozenset(column.index for column in columns if not column.is_person)
        self._identifying = frozenset(column.index for column in columns if column.field in COMPANY_FIELDS)
        self._splitter = Splitter(columns)
        self._grouping = Grouping()
        self._companies = Companies()
        # A row that nobody can assign may be of any company: as long as there is one, nobody is known to be missing.
        self._is_assigned = True
        self._is_read = False
        self._is_stopped = False

    def outcomes(self) -> Iterator[IntakeResult]:
        for row in self._table.rows():
            if self._is_stopped:
                return
            if isinstance(row, TableRow) and self._repeats_headings(row):
                self.repeated_headings += 1
                continue
            rejected = row if isinstance(row, RejectedRow) else self._take(row)
            if rejected:
                self._is_assigned = False
                yield rejected
        self._is_read = True
        for group in self._grouping.companies(self._keys_of):
            yield from self._unclear(group) if group.rivals else self._merged(group)

    def fraction(self) -> float:
        """Reading and merging take about half of the time each."""
        return (1 + self._grouping.fraction()) / 2 if self._is_read else self._table.fraction() / 2

    def stop(self) -> None:
        self._is_stopped = True

    def close(self) -> None:
        self._grouping.close()
        self._companies.close()

    def _repeats_headings(self, row: TableRow) -> bool:
        return all(("" if cell is None else str(cell)) == heading for cell, heading in zip(row.cells, self._table.headings, strict=True))

    def _take(self, row: TableRow) -> RejectedRow | None:
        if row.flaw and not self._identifying.isdisjoint(row.flaw.unknown):
            return RejectedRow(line=row.line, faults=[Fault(field="", reason=row.flaw.reason)], raw=row.flaw.raw)
        record = self._splitter.split(row.cells)
        try:
            kind = self._grouping.add(row, keys_of(record.company, row.line))
        except UnicodeEncodeError:
            faults = [Fault(field="", reason="holds bytes that are no text in the file's encoding; save the file as UTF-8")]
            return RejectedRow(line=row.line, faults=faults, raw=self._raw(row))
        if kind is Kind.LINE and record.person is not None:
            self._is_assigned = False
        return None

    def _merged(self, group: Group) -> Iterator[IntakeResult]:
        members = [self._member(row) for row in islice(group.rows, MAX_ROWS_A_COMPANY)]
        excess = next(group.rows, None)
        if excess is not None:
            yield from self._too_many(members, excess, group.rows)
            return
        for outcome in merge_company(members, may_be_of_people=self._may_be_of_people, is_whole=group.is_whole and self._is_assigned):
            clash = isinstance(outcome, DeliveredRow) and self._companies.clash(outcome.row, outcome.line)
            if isinstance(outcome, DeliveredRow) and clash:
                yield from outcome.rejected([clash])
            else:
                yield outcome

    def _unclear(self, group: Group) -> Iterator[IntakeResult]:
        one, other = group.rivals
        for member in map(self._member, group.rows):
            reason = f"could belong to the company of line {one} or of line {other}; add the source_id, website or id that tells them apart"
            yield RejectedRow(line=member.line, faults=[Fault(field=member.known_by.field, reason=reason)], raw=member.source.raw)

    def _too_many(self, members: Iterable[Member], excess: TableRow, rows: Iterator[TableRow]) -> Iterator[IntakeResult]:
        faults = [
            Fault(field="", reason=f"more than {MAX_ROWS_A_COMPANY:,} rows for one company; check the columns that tell companies apart")
        ]
        yield from (RejectedRow(line=member.line, faults=faults, raw=member.source.raw) for member in members)
        yield RejectedRow(line=excess.line, faults=faults, raw=self._raw(excess))
        yield from (RejectedRow(line=row.line, faults=faults, raw=self._raw(row)) for row in rows)

    def _keys_of(self, row: TableRow) -> Iterator[Key]:
        return keys_of(self._splitter.split(row.cells).company, row.line)

    def _member(self, row: TableRow) -> Member:
        record = self._splitter.split(row.cells)
        unknown = row.flaw.unknown if row.flaw else ()
        return Member(
            source=Source(line=row.line, raw=self._raw(row)),
            known_by=next(keys_of(record.company, row.line))[0],
            company=record.company,
            person=record.person,
            faults=[Fault(field="", reason=row.flaw.reason)] if row.flaw else record.faults,
            spoils=not self._of_company.isdisjoint(unknown),
        )

    def _raw(self, row: TableRow) -> JsonObject | list[object]:
        return row.flaw.raw if row.flaw else {column.heading: row.cells[column.index] for column in self._columns}
