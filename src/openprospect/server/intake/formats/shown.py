"""What the format of a cell's number says of its value: zeros in front, a date without a time. Texts are not formatted."""

import re
from collections.abc import Callable
from datetime import datetime, time
from typing import Any

from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE, is_datetime

_ZEROS = re.compile("0{2,255}")


def as_shown(book: Any) -> Callable[[Any, int], Any]:
    """How to tell a value, given with the number of its cell's style, as people see it who look at the workbook."""
    formats = {style: _format(book, one.numFmtId) for style, one in enumerate(book._cell_styles)}  # noqa: SLF001
    digits = {style: len(shown) for style, shown in formats.items() if _ZEROS.fullmatch(shown)}
    dates = {style for style, shown in formats.items() if is_datetime(shown) == "date"}

    def shown(value: Any, style: int) -> Any:
        if style in digits and _is_whole(value):
            return f"{int(value):0{digits[style] + (value < 0)}d}"
        if style in dates and isinstance(value, datetime) and value.time() == time.min:
            return value.date()
        return value

    return shown


def _is_whole(value: object) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


def _format(book: Any, number: int) -> str:
    own = number - BUILTIN_FORMATS_MAX_SIZE
    formats = book._number_formats  # noqa: SLF001
    return formats[own] if 0 <= own < len(formats) else BUILTIN_FORMATS.get(number, "General")
