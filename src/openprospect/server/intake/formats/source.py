"""What every file format gives: rows of a table under headings, or finished documents. One file a format implements it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from openprospect.server.intake.outcome import RejectedRow


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a row whose cells can be told apart. `raw` is how it stood in the file; `unknown` are the places of cells
    whose values the file does not hold, which are blank in the row."""

    reason: str
    raw: list[Any]
    unknown: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row's cells in the order of the headings, as text, number or truth; blank ones None or empty."""

    line: int
    cells: list[Any]
    flaw: Flaw | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One company as JSON; `raw` is how it stood in the file."""

    line: int
    value: object
    raw: object


class Table(Protocol):
    """A file with a row a person. What comes as rejected are rows whose cells nobody can tell apart."""

    headings: list[str]

    def rows(self) -> Iterator[TableRow | RejectedRow]: ...

    def fraction(self) -> float:
        """How much was read, from 0 to 1."""


class Documents(Protocol):
    """A file with a document a company."""

    def documents(self) -> Iterator[Document | RejectedRow]: ...

    def fraction(self) -> float | None:
        """How much was read, from 0 to 1; None where nobody can know."""
