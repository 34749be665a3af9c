"""A table's row taken apart: what it says of the company, and what of the person. Cleaning and checking come later, in `feed.rows`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from openprospect.server.feed.model import JsonObject
from openprospect.server.feed.rows.row import COMPANY_FIELDS, PROSPECT_FIELDS
from openprospect.server.intake.columns import Column
from openprospect.server.intake.headings import FULL_NAME

_TEXT_FIELDS = frozenset({*COMPANY_FIELDS, *PROSPECT_FIELDS, FULL_NAME})
# Nobody is called that: what spreadsheets show for a formula that failed.
_SPREADSHEET_ERRORS = frozenset({"#n/a", "#ref!", "#value!", "#name?", "#div/0!", "#num!", "#null!"})
# What people and programs write into a cell that has nothing to hold. Names are taken as they are: Na and None are people.
_PLACEHOLDERS = frozenset({"n/a", "n.a.", "k.a.", "-", "--", "none", "null", "nan", *_SPREADSHEET_ERRORS})
_MAY_BE_A_PLACEHOLDER = frozenset({"id", "source_id", "website_url", "email", "job_title"})
_PARTICLES = frozenset(
    {"von", "van", "der", "den", "de", "di", "da", "del", "della", "la", "le", "zu", "zur", "vom", "ten", "ter", "dos", "al", "el", "bin"}
)

_Place = tuple[int, str, bool, frozenset[str] | None]


@dataclass(slots=True)
class Splitter:
    """Takes rows of one table apart."""

    columns: Sequence[Column]
    _company: list[_Place] = field(init=False)
    _person: list[_Place] = field(init=False)

    def __post_init__(self) -> None:
        self._company = _places(column for column in self.columns if not column.is_person)
        self._person = _places(column for column in self.columns if column.is_person)

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


def _places(columns: Iterable[Column]) -> list[_Place]:
    """Where each field stands, whether it is text whatever the cell, and what counts as blank there."""
    return [
        (
            column.index,
            column.name,
            column.name in _TEXT_FIELDS,
            _PLACEHOLDERS if column.name in _MAY_BE_A_PLACEHOLDER else _SPREADSHEET_ERRORS if column.name in _TEXT_FIELDS else None,
        )
        for column in columns
    ]


def _filled(places: Sequence[_Place], cells: Sequence[object]) -> JsonObject:
    return {
        name: str(cell) if is_text else cell
        for index, name, is_text, blanks in places
        if (cell := _stripped(cells[index])) is not None and cell != "" and (blanks is None or str(cell).casefold() not in blanks)
    }


def _stripped(cell: object) -> object:
    return cell.strip() if isinstance(cell, str) else cell
