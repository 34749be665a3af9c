"""Which column of a table is which field: as told by the caller, else guessed from the headings.

The rule for columns that no vocabulary knows: with `company_` or `person_` in front they belong there; else to the person, where the
table has people, since a value of the row's own can only be kept there; else to the company.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain, count
from typing import Self

from openprospect.server.core.errors import InvalidInput
from openprospect.server.feed.rows.row import COMPANY_FIELDS, PROSPECT_FIELDS
from openprospect.server.intake.headings import (
    AMBIGUOUS_IDENTIFIERS,
    AMBIGUOUS_NAMES,
    COMPANY_ATTRIBUTES,
    COMPANY_VOCABULARY,
    COMPANY_WORDS,
    FULL_NAME,
    OWNED_BEFORE,
    PERSON_VOCABULARY,
    PERSON_WORDS,
    attribute_name,
    squeezed,
    words,
)

_PEOPLE = "prospects."
_ALIASES = {"company_name": "name", "prospect_id": f"{_PEOPLE}id"}
_ALL_SPELLINGS = max(map(len, chain(COMPANY_VOCABULARY.values(), PERSON_VOCABULARY.values())))
_PERSON_FIELDS = frozenset({*PROSPECT_FIELDS, FULL_NAME})
_RESERVED = frozenset({*COMPANY_FIELDS, "prospects", *(f"{_PEOPLE}{field}" for field in _PERSON_FIELDS)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column and the field that it fills: `name`, `city`, `prospects.email`, `prospects.phone`."""

    index: int
    heading: str
    field: str

    @property
    def is_attribute(self) -> bool:
        return self.field not in _RESERVED

    @property
    def is_person(self) -> bool:
        return self.field.startswith(_PEOPLE)

    @property
    def name(self) -> str:
        """The field within its company or person."""
        return self.field.removeprefix(_PEOPLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the headings that say whose they are say it of, squeezed: the `city` of `Company City`."""

    of_companies: Set[str]
    of_people: Set[str]

    @classmethod
    def by(cls, headings: Sequence[str]) -> Self:
        owners = [(of_company, of_person, squeezed(" ".join(rest))) for of_company, of_person, rest in map(_owner, headings)]
        return cls(
            of_companies={word for of_company, _, word in owners if of_company},
            of_people={word for _, of_person, word in owners if of_person},
        )


def map_columns(headings: Sequence[str], mapping: Mapping[str, str]) -> list[Column]:
    """Every column with its field; raises InvalidInput where a column is missing, doubled, or nothing holds the company's name."""
    headings = [heading or f"column {index}" for index, heading in enumerate(headings, start=1)]
    refuse_doubled(headings)
    fields = {field: _index_of(column, headings) for field, column in one_column_each(mapping.items()).items()}
    free = [index for index in range(len(headings)) if index not in fields.values()]
    fields |= _guessed(free, headings, taken=set(fields))
    if "name" not in fields:
        raise InvalidInput(_without_name(headings))
    has_people = any(field.startswith(_PEOPLE) for field in fields)
    said = _Said.by(headings)
    for index in free:
        if index not in fields.values():
            fields[_attribute(headings[index], index, said, has_people=has_people, taken=fields.keys())] = index
    columns = [Column(index=index, heading=headings[index], field=field) for field, index in fields.items()]
    return sorted(columns, key=lambda column: column.index)


def may_be_of_people(columns: Sequence[Column]) -> frozenset[str]:
    """The attributes of the company that no heading, and nobody who mapped it, says are its own, and that people do not have too."""
    unsaid = {column.field for column in columns if not _owner(column.heading)[0] and column.field == attribute_name(words(column.heading))}
    return frozenset(unsaid - _RESERVED - {column.name for column in columns if column.is_person})


def one_column_each(assignments: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The column of each field, from pairs as a caller spells them; raises InvalidInput where two columns would fill one field."""
    columns: dict[str, str] = {}
    for name, column in assignments:
        field = _field(name)
        if columns.setdefault(field, column) != column:
            raise InvalidInput(f"Two columns fill {field}: {columns[field]!r} and {column!r}; give one of them another field.")
    return columns


def refuse_doubled(headings: Sequence[str]) -> None:
    """Raises InvalidInput where two columns have one heading, in whatever case."""
    seen: dict[str, int] = {}
    for index, heading in enumerate(headings):
        first = seen.setdefault(heading.casefold(), index)
        if first != index:
            raise InvalidInput(
                f"The heading {heading!r} stands over columns {first + 1} and {index + 1}; give each column a heading of its own."
            )


def _field(name: str) -> str:
    """A field as the caller of `--map` may write it."""
    name = name.strip()
    name = _ALIASES.get(name, name)
    if name in ("", _PEOPLE, "prospects"):
        raise InvalidInput("A mapping needs a field before its equals sign, such as source_id=Kundennummer or prospects.phone=Telefon.")
    return f"{_PEOPLE}{name}" if name in _PERSON_FIELDS - {"id"} else name


def _index_of(column: str, headings: Sequence[str]) -> int:
    for spelling in (str, str.strip, str.casefold, squeezed):
        for index, heading in enumerate(headings):
            if spelling(heading) == spelling(column):
                return index
    raise InvalidInput(f"No column is called {column!r}; there are: {_listed(headings)}.")


def _guessed(free: Sequence[int], headings: Sequence[str], *, taken: set[str]) -> dict[str, int]:
    """Fields for the columns that a vocabulary knows. `Name` and `Record ID` mean the company unless other columns speak against it."""
    found: dict[str, tuple[int, int]] = {}
    for index in free:
        for field, rank in _meanings(headings[index]):
            if field not in taken:
                found[field] = min(found.get(field, (rank, index)), (rank, index))
    guesses = {field: index for field, (_, index) in found.items()}
    known = taken | guesses.keys()
    alone = {squeezed(headings[index]): index for index in free if index not in guesses.values()}
    for word in AMBIGUOUS_NAMES & alone.keys():
        if meaning := _meaning_of_name(known, is_field=_is_spelled_as_fields(headings[alone[word]], headings)):
            guesses[meaning] = alone[word]
    for word in AMBIGUOUS_IDENTIFIERS & alone.keys():
        if "source_id" not in known and not any(field.startswith(_PEOPLE) for field in known):
            guesses["source_id"] = alone[word]
    return guesses


def _is_spelled_as_fields(heading: str, headings: Sequence[str]) -> bool:
    """Whether `name` stands beside a person's name with both spelled as the fields are: what the reference of input rows asks for."""
    return heading == "name" and not {"first_name", "last_name"}.isdisjoint(headings)


def _meaning_of_name(known: Set[str], *, is_field: bool) -> str | None:
    """What `Name` stands for beside other fields, if for any: German tables have `Vorname;Name`."""
    if is_field and "name" not in known:
        return "name"
    names = {name for name in ("first_name", "last_name", FULL_NAME) if f"{_PEOPLE}{name}" in known}
    if "first_name" in names:
        return None if "last_name" in names else f"{_PEOPLE}last_name"
    if "name" not in known:
        return None if "last_name" in names else "name"
    return None if names else f"{_PEOPLE}{FULL_NAME}"


def _meanings(heading: str) -> list[tuple[str, int]]:
    """Fields that a heading may stand for, with its rank among the spellings of each. One that says whose it is comes first."""
    of_company, of_person, rest = _owner(heading)
    word, short = squeezed(heading), squeezed(" ".join(rest))
    whole = [*_known(word, COMPANY_VOCABULARY, ""), *_known(word, PERSON_VOCABULARY, _PEOPLE)]
    if whole or short == word:
        return whole
    if short in AMBIGUOUS_NAMES:
        return [("name" if of_company else f"{_PEOPLE}{FULL_NAME}", 0)]
    owned = [*_known(short, COMPANY_VOCABULARY if of_company else {}, ""), *_known(short, PERSON_VOCABULARY if of_person else {}, _PEOPLE)]
    if of_company:  # `Firma ID` is no id of ours, as `Company ID` is none
        owned = [*_known(f"company{short}", COMPANY_VOCABULARY, "")] or owned
    return [(field, rank - _ALL_SPELLINGS) for field, rank in owned]


def _known(word: str, vocabulary: Mapping[str, tuple[str, ...]], prefix: str) -> Iterator[tuple[str, int]]:
    return ((f"{prefix}{field}", spellings.index(word)) for field, spellings in vocabulary.items() if word in spellings)


def _owner(heading: str) -> tuple[bool, bool, list[str]]:
    """Whether a heading begins with a word for a company or for a person, or ends with it; and its other words."""
    whole = words(heading) or [""]
    is_behind = whole[0] not in COMPANY_WORDS | PERSON_WORDS and squeezed(" ".join(whole[:-1])) in OWNED_BEFORE.get(whole[-1], ())
    owner, rest = (whole[-1], whole[:-1]) if is_behind else (whole[0], whole[1:])
    of_company, of_person = bool(rest) and owner in COMPANY_WORDS, bool(rest) and owner in PERSON_WORDS
    return of_company, of_person, rest if of_company or of_person else whole


def _attribute(heading: str, index: int, said: _Said, *, has_people: bool, taken: Container[str]) -> str:
    of_company, of_person, rest = _owner(heading)
    name = attribute_name(rest) or attribute_name(words(heading)) or f"column_{index + 1}"
    word = squeezed(heading)
    # Beside "Company City", a plain "City" is the person's; beside "Contact Phone", a plain "Phone" is the company's.
    may_be_company = word not in said.of_companies and (word in said.of_people or word in COMPANY_ATTRIBUTES)
    is_company = of_company or (not of_person and (not has_people or may_be_company))
    owner = "" if is_company else _PEOPLE
    spellings = chain([name, attribute_name(words(heading)) or name], (f"{name}_{number}" for number in count(2)))
    return next(field for spelling in spellings if (field := f"{owner}{spelling}") not in taken and _is_free(field))


def _is_free(field: str) -> bool:
    """Whether an attribute may have this name: it is no field, and is read as itself where a caller maps a column to it."""
    return field not in _RESERVED and _field(field) == field


def _without_name(headings: Sequence[str]) -> str:
    if any("@" in heading or "://" in heading for heading in headings):
        return "The first line holds values, not headings; put a line with the names of the columns above it."
    return f"No column holds the company's name; there are: {_listed(headings)}. Name it with --map name=COLUMN."


def _listed(headings: Sequence[str]) -> str:
    return ", ".join(repr(heading) for heading in headings)
