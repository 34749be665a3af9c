"""Values of spreadsheets and Parquet as JSON knows them: dates as text, whole numbers as integers, no NaN; and texts that are no value."""

import math
from datetime import date, time
from decimal import Decimal
from typing import Any

SPREADSHEET_ERRORS = frozenset(
    {"#n/a", "#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!", "#spill!", "#calc!", "#field!"}
    | {"#nv", "#bezug!", "#wert!", "#zahl!", "#überlauf!", "#kalk!", "#feld!"}
)
"""What spreadsheets show, in English and German, for a formula that failed; in small letters."""


def plain(value: Any) -> Any:
    """The value as JSON; None where it says nothing."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return _plain_container(value)


def is_binary(value: object) -> bool:
    """Whether these are bytes that make no text, or hold such."""
    match value:
        case bytes():
            return any("\ud800" <= character <= "\udfff" for character in value.decode(errors="surrogateescape"))
        case dict():
            return any(map(is_binary, value.values()))
        case list() | tuple():
            return any(map(is_binary, value))
    return False


def _plain_container(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [plain(element) for element in value]
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else str(value)


def _number(number: float) -> float | int | None:
    if not math.isfinite(number):
        return None
    # A double is exact up to 2**53; beyond, its digits are not the producer's.
    return int(number) if number.is_integer() and abs(number) <= 2**53 else number


def _decimal(value: Decimal) -> float | int | str | None:
    """Every digit of it: as a number where JSON's readers keep them all, else as text."""
    if not value.is_finite():
        return None
    if value == value.to_integral_value():
        return int(value)
    number = float(value)
    return number if Decimal(repr(number)) == value else f"{value:f}"
