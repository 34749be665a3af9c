"""A table's row taken apart: what it says of the company, and what of the person. Cleaning and checking come later, in `feed.rows`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from openprospect.server.core.errors import Fault
from openprospect.server.feed.model import JsonObject
from openprospect.server.feed.rows.row import COMPANY_FIELDS, PROSPECT_FIELDS
from openprospect.server.feed.rows.traces import profiles_in
from openprospect.server.intake.columns import Column
from openprospect.server.intake.formats.plain import SPREADSHEET_ERRORS
from openprospect.server.intake.headings import FULL_NAME
from openprospect.server.intake.names import last_name_beside, split_name

_TEXT_FIELDS = frozenset({*COMPANY_FIELDS, *PROSPECT_FIELDS, FULL_NAME})
# What stands for an id that is yet to come, or that nobody knows; there is no customer 0.
_NO_IDS = frozenset({"0", "?", "??", "???", "tbd", "tba", "unknown", "unbekannt"})
# What people and programs write into a cell that has nothing to hold. Names are taken as they are: Na and None are people.
_ABBREVIATIONS = frozenset({"n.a", "n.v", "k.a", "s.o", "s.u"})
_DASHES = frozenset({"-", "--", "\u2013", "\u2014"})
_PLACEHOLDERS = frozenset(
    {"n/a", "none", "null", "nan", *_DASHES, *_ABBREVIATIONS, *(f"{said}." for said in _ABBREVIATIONS), *SPREADSHEET_ERRORS}
)
_BLANKS = {
    **dict.fromkeys(_TEXT_FIELDS, SPREADSHEET_ERRORS),
    **dict.fromkeys(("website_url", "email", "job_title"), _PLACEHOLDERS),
    **dict.fromkeys(("id", "source_id"), _PLACEHOLDERS | _NO_IDS),
}

_OF_NOBODY = "a person's value, but the row names no person, and the company cannot take it; add the person's name, e-mail or id"

_PROFILE = "profile_url"

_Place = tuple[int, str, bool, frozenset[str] | None]


@dataclass(frozen=True, slots=True)
class Record:
    """What a row says of its company and of a person, if it names one. `faults`: what it says of nobody."""

    company: JsonObject
    person: JsonObject | None
    faults: list[Fault]


@dataclass(slots=True)
class Splitter:
    """Takes rows of one table apart."""

    columns: Sequence[Column]
    _company: list[_Place] = field(init=False)
    _person: list[_Place] = field(init=False)
    _has_first_names: bool = field(init=False)

    def __post_init__(self) -> None:
        self._company = _places(column for column in self.columns if not column.is_person)
        self._person = _places(column for column in self.columns if column.is_person)
        self._has_first_names = any(column.is_person and column.name == "first_name" for column in self.columns)

    def split(self, cells: Sequence[object]) -> Record:
        """Without a person, what would be theirs is kept on the company, if that has no other value there."""
        company, person = _filled(self._company, cells), _filled(self._person, cells)
        if _PROFILE not in person and any(profiles_in(company.get("website_url", ""))):
            # LinkedIn exports them under `URL`. As a website it would make one company of all.
            person[_PROFILE] = company.pop("website_url")
        full_name = person.pop(FULL_NAME, None)
        if full_name:
            person = self._names(full_name, person.get("first_name")) | person
        if any(name in person for name in PROSPECT_FIELDS):
            return Record(company, person, [])
        left_over = [name for name in person if name in COMPANY_FIELDS or company.get(name, person[name]) != person[name]]
        taken = {name: value for name, value in person.items() if name not in COMPANY_FIELDS}
        return Record(taken | company, None, [Fault(field=name, reason=_OF_NOBODY) for name in left_over])

    def _names(self, full_name: str, first_name: str | None) -> JsonObject:
        """A full name as first and last name. In a table with a column of first names, a single word is none."""
        first, last = split_name(full_name)
        if first_name:
            last = last_name_beside(first_name, full_name)
        elif last is None and self._has_first_names:
            first, last = None, first
        return {name: value for name, value in (("first_name", first), ("last_name", last)) if value}


def _places(columns: Iterable[Column]) -> list[_Place]:
    """Where each field stands, whether it is text whatever the cell, and what counts as blank there."""
    return [
        (
            column.index,
            column.name,
            column.name in _TEXT_FIELDS,
            _BLANKS.get(column.name),
        )
        for column in columns
    ]


def _filled(places: Sequence[_Place], cells: Sequence[object]) -> JsonObject:
    return {
        name: str(cell) if is_text else cell
        for index, name, is_text, blanks in places
        if (cell := _stripped(cells[index])) is not None and cell != "" and not (blanks and _says_nothing(cell, blanks))
    }


def _says_nothing(cell: object, blanks: frozenset[str]) -> bool:
    return "".join(str(cell).casefold().split()) in blanks


def _stripped(cell: object) -> object:
    return cell.strip() if isinstance(cell, str) else cell
