"""Lengths of time, as options have them."""

import re
from datetime import timedelta

from openprospect.server.core.errors import InvalidInput

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_LONGEST = timedelta(days=3_650)


def duration(text: str, *, option: str) -> timedelta:
    """`90s`, `15m`, `1.5h`, `90d` or `2w`. Raises InvalidInput, which names the option."""
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?)([smhdw])", text.strip())
    if match is None or float(match[1]) == 0:
        raise InvalidInput(f"{option} {text!r} is no duration; write a number and s, m, h, d or w, as in 90d.")
    length = timedelta(seconds=float(match[1]) * _SECONDS[match[2]])
    if length > _LONGEST:
        raise InvalidInput(f"{option} {text!r} is too long; at most {_LONGEST.days}d are possible.")
    return length
