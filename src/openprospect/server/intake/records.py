"""A table's row taken apart: what it says of the company, and what of the person. Cleaning and checking come later, in `feed.rows`."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from openprospect.server.feed.model import JsonObject
from openprospect.server.feed.rows.row import COMPANY_FIELDS, PROSPECT_FIELDS
from openprospect.server.intake.columns import Column
from openprospect.server.intake.headings import FULL_NAME

_TEXT_FIELDS = frozenset({*COMPANY_FIELDS, *PROSPECT_FIELDS, FULL_NAME})
# What people and programs write into a cell that has nothing to hold. Names are taken as they are: Na and None are people.
_PLACEHOLDERS = frozenset({"n/a", "#n/a", "n.a.", "k.a.", "-", "--", "none", "null", "nan"})
_MAY_BE_A_PLACEHOLDER = frozenset({"id", "source_id", "website_url", "email", "job_title"})
_PARTICLES = frozenset(
    {"von", "van", "der", "den", "de", "di", "da", "del", "della", "la", "le", "zu", "zur", "vom", "ten", "ter", "dos", "al", "el", "bin"}
)


@dataclass(slots=True)
class Splitter:
    """Takes rows of one table apart."""

    columns: Sequence[Column]
    _company: list[tuple[int, str]] = field(init=False)
    _person: list[tuple[int, str]] = field(init=False)

    def __post_init__(self) -> None:
        self._company = [(column.index, column.name) for column in self.columns if not column.is_person]
        self._person = [(column.index, column.name) for column in self.columns if column.is_person]

    def split(self, cells: Sequence[object]) -> tuple[JsonObject, JsonObject | None]:
        """The company, and the person if the row names one. Without one, what would be the person's is kept on the company."""
        company, person = _filled(self._company, cells), _filled(self._person, cells)
        full_name = person.pop(FULL_NAME, None)
        if full_name:
            names = zip(("first_name", "last_name"), split_name(full_name), strict=True)
            person = {name: value for name, value in names if value} | person
        if any(name in person for name in PROSPECT_FIELDS):
            return company, person
        return person | company, None


def split_name(full_name: str) -> tuple[str | None, str | None]:
    """First and last name: `Maria von Ahn`, `von Ahn, Maria`."""
    last, comma, first = full_name.partition(",")
    if comma:
        return first.strip() or None, last.strip() or None
    names = full_name.split()
    at = max(len(names) - 1, 1)
    while at > 1 and names[at - 1].casefold() in _PARTICLES:
        at -= 1
    return " ".join(names[:at]) or None, " ".join(names[at:]) or None


def _filled(columns: Sequence[tuple[int, str]], cells: Sequence[object]) -> JsonObject:
    return {
        name: str(cells[index]) if name in _TEXT_FIELDS else cells[index]
        for index, name in columns
        if cells[index] is not None and cells[index] != "" and not _is_placeholder(name, cells[index])
    }


def _is_placeholder(name: str, cell: object) -> bool:
    return name in _MAY_BE_A_PLACEHOLDER and str(cell).strip().casefold() in _PLACEHOLDERS
