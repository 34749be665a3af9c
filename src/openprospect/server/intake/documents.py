"""Documents, one a company, on their way to the feed."""

from collections.abc import Iterator

from openprospect.server.feed.rows.row import FaultyRow, parse_company
from openprospect.server.intake.formats.source import Document, Documents
from openprospect.server.intake.grouping import Companies
from openprospect.server.intake.outcome import DeliveredRow, IntakeResult, RejectedRow, Source


class DocumentIntake:
    """Every document checked by itself, and against those before it."""

    repeated_headings = 0

    def __init__(self, source: Documents) -> None:
        self._source = source
        self._companies = Companies()

    def outcomes(self) -> Iterator[IntakeResult]:
        for document in self._source.documents():
            yield document if isinstance(document, RejectedRow) else self._outcome(document)

    def fraction(self) -> float | None:
        return self._source.fraction()

    def stop(self) -> None:
        """Nothing to do: whoever iterates is given every document at once."""

    def close(self) -> None:
        self._companies.close()

    def _outcome(self, document: Document) -> IntakeResult:
        try:
            row = parse_company(document.value)
        except FaultyRow as error:
            return RejectedRow(line=document.line, faults=error.faults, raw=document.raw)
        clash = self._companies.clash(row, document.line)
        if clash:
            return RejectedRow(line=document.line, faults=[clash], raw=document.raw)
        return DeliveredRow(row=row, sources=(Source(line=document.line, raw=document.raw),))
