"""What becomes of the rows of a file: a company to deliver, or a row with its faults. No file format, no database."""

from collections.abc import Iterator
from dataclasses import dataclass

from openprospect.server.core.errors import Fault
from openprospect.server.feed.model import CompanyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """A row that is not delivered. `raw` is what stood there: an object, a table's row by heading, or the line's text."""

    line: int
    faults: list[Fault]
    raw: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A row of the file that went into a company."""

    line: int
    raw: object


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredRow:
    """One company, made of one row of the file, or of several in a table with a row a person.

    `differing`: fields of the company in which these contradict each other.
    """

    row: CompanyRow
    sources: tuple[Source, ...]
    differing: frozenset[str] = frozenset()

    @property
    def line(self) -> int:
        """Where the company stands first."""
        return self.sources[0].line

    def rejected(self, faults: list[Fault]) -> Iterator[RejectedRow]:
        """The same rows turned down after all, for a reason that only shows once the database is asked."""
        return (RejectedRow(line=source.line, faults=faults, raw=source.raw) for source in self.sources)


IntakeResult = DeliveredRow | RejectedRow
