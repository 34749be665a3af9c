"""How attributes become columns: their types, how these widen so that no value is ever lost, and their names.

It knows no database; destinations carry out what it decides.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

import msgspec

MOST_COLUMNS = 200
OVERFLOW = "attributes"
_LONGEST_NAME_BYTES = 63
_EXACT = 2**53
_SMALLEST, _BIGGEST = -(2**63), 2**63 - 1
# Names that PostgreSQL, SQLite or DuckDB keep for themselves.
_RESERVED = {OVERFLOW, "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "oid", "rowid", "_rowid_"}

Attributes = dict[str, Any] | None


class Kind(StrEnum):
    BOOLEAN = "boolean"
    BIGINT = "bigint"
    DOUBLE = "double"
    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The column of one attribute; of all that found no column of their own where `attribute` is None."""

    attribute: str | None
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What has to change before these records fit, all columns afterwards, and the records' values column by column."""

    added: list[Column]
    widened: list[tuple[Column, Column]]
    columns: dict[str | None, Column]
    values: dict[str, list[Any]]


def fit(
    records: Sequence[Attributes],
    known: dict[str | None, Column],
    *,
    taken: Callable[[], Iterable[str]],
    are_stored_exact: Callable[[Column], bool],
) -> Fit:
    """Fit records into the known columns, adding and widening as needed.

    `taken`: names that the table already uses. `are_stored_exact`: whether the stored integers survive as doubles.
    """
    columns = dict(known)
    added: list[Column] = []
    widened: list[tuple[Column, Column]] = []
    values: dict[str, list[Any]] = {}
    has_more = False
    names = _Names(taken, known)
    for attribute in _attributes(records):
        column = columns.get(attribute)
        if column is None and len(columns) - (None in columns) >= MOST_COLUMNS:
            has_more = True
            continue
        cells = [record.get(attribute) if record else None for record in records]
        kind = kind_of(cells)
        if kind is None:
            continue
        if column is None:
            column = Column(attribute=attribute, name=names.choose(attribute), kind=kind)
            added.append(column)
        elif (wider := _wider(column, kind, cells, are_stored_exact)) is not column:
            widened.append((column, wider))
            column = wider
        columns[attribute] = column
        values[column.name] = encode(cells, column.kind)
    rest = encode([_rest(record, columns) for record in records], Kind.JSON) if has_more else []
    if any(rest) and None not in columns:
        columns[None] = Column(attribute=None, name=OVERFLOW, kind=Kind.JSON)
        added.append(columns[None])
    if any(rest):
        values[OVERFLOW] = rest
    for column in columns.values():
        values.setdefault(column.name, [None] * len(records))
    return Fit(added=added, widened=widened, columns=columns, values=values)


def kind_of(cells: Iterable[Any]) -> Kind | None:
    """The narrowest kind that keeps every value; None where there is none."""
    types = set(map(type, cells)) - {type(None)}
    if not types:
        return None
    if types & {dict, list}:
        return Kind.JSON
    if types == {bool}:
        return Kind.BOOLEAN
    if types == {int}:
        return Kind.BIGINT if all(cell is None or _SMALLEST <= cell <= _BIGGEST for cell in cells) else Kind.TEXT
    if types <= {int, float}:
        return Kind.DOUBLE if is_exact_as_double(cells) else Kind.TEXT
    return Kind.TEXT


def encode(cells: list[Any], kind: Kind) -> list[Any]:
    """The values as a column of that kind holds them; JSON as text."""
    if kind is Kind.DOUBLE:
        return [None if cell is None else float(cell) for cell in cells]
    if kind is Kind.TEXT:
        return [cell if cell is None or isinstance(cell, str) else _json(cell) for cell in cells]
    if kind is Kind.JSON:
        return [None if cell is None else _json(cell) for cell in cells]
    return cells


class _Names:
    """Column names that no other column of the table has, whatever the case, and that every database takes."""

    def __init__(self, taken: Callable[[], Iterable[str]], known: dict[str | None, Column]) -> None:
        self._load = taken
        self._known = known
        self._taken: set[str] | None = None

    def choose(self, attribute: str) -> str:
        if self._taken is None:
            self._taken = _RESERVED | {name.casefold() for name in self._load()} | {c.name.casefold() for c in self._known.values()}
        plain = _shortened(attribute.replace("\0", "_")) or "attribute"
        candidates = [plain, _shortened(f"attribute_{plain}"), _shortened(f"attribute_{plain}", digest_of=attribute)]
        name = next((name for name in candidates if name.casefold() not in self._taken), None)
        number = 2
        while name is None:
            candidate = _shortened(f"attribute_{plain}", digest_of=f"{attribute}\0{number}")
            name, number = (candidate if candidate.casefold() not in self._taken else None), number + 1
        self._taken.add(name.casefold())
        return name


def _attributes(records: Sequence[Attributes]) -> list[str]:
    """The names that occur, in the order in which they do; where there are many, those that have a value."""
    names = list(dict.fromkeys(name for record in {tuple(record): None for record in records if record} for name in record))
    if len(names) <= MOST_COLUMNS:
        return names
    return list(dict.fromkeys(name for record in records if record for name, value in record.items() if value is not None))


def _wider(column: Column, kind: Kind, cells: list[Any], are_stored_exact: Callable[[Column], bool]) -> Column:
    wider = _union(column, kind, cells, are_stored_exact)
    return column if wider is column.kind else Column(attribute=column.attribute, name=column.name, kind=wider)


def _union(column: Column, kind: Kind, cells: list[Any], are_stored_exact: Callable[[Column], bool]) -> Kind:
    kinds = {column.kind, kind}
    if len(kinds) == 1:
        return kind
    if Kind.JSON in kinds:
        return Kind.JSON
    if kinds == {Kind.BIGINT, Kind.DOUBLE}:
        is_exact = is_exact_as_double(cells) if column.kind is Kind.DOUBLE else are_stored_exact(column)
        return Kind.DOUBLE if is_exact else Kind.TEXT
    return Kind.TEXT


def is_exact_as_double(cells: Iterable[Any]) -> bool:
    """Whether every integer among the values survives as a double."""
    return all(-_EXACT <= cell <= _EXACT for cell in cells if type(cell) is int)


def _rest(record: Attributes, columns: Mapping[str | None, Column]) -> Attributes:
    """What has no column of its own."""
    found = {name: value for name, value in record.items() if value is not None and name not in columns} if record else {}
    return found or None


def _json(cell: Any) -> str:
    return msgspec.json.encode(cell).decode()


def _shortened(name: str, *, digest_of: str | None = None) -> str:
    encoded = name.encode()
    if len(encoded) <= _LONGEST_NAME_BYTES and digest_of is None:
        return name
    digest = sha256((digest_of or name).encode()).hexdigest()[:8]
    return encoded[: _LONGEST_NAME_BYTES - 9].decode(errors="ignore") + "_" + digest
