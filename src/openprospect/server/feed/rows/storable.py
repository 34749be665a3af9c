"""What JSON can say and the database cannot keep: NUL, half characters, NaN, endless nesting. Nothing about companies."""

import math
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from openprospect.server.core.errors import Fault

MAX_DEPTH = 32
_MAX_INTEGER_BITS = 13_000  # Python refuses to write integers of more than 4,300 digits
_SURROGATE = re.compile("[\ud800-\udfff]")


def glance(value: object) -> tuple[int, bool]:
    """The size of a value as JSON, and whether it may hold something unstorable, so that one has to look closer."""
    try:
        encoded = msgspec.json.encode(value)
    except (ValueError, TypeError, RecursionError):
        return 0, True
    # The encoder writes NaN as null. As many brackets as levels are no proof of depth, but rare.
    return len(encoded), b"\\u0000" in encoded or b"null" in encoded or encoded.count(b"{") + encoded.count(b"[") > MAX_DEPTH


def find_unstorable(value: object, field: str, *, depth: int = 0) -> Iterator[Fault]:
    """Everything below `field` that cannot be kept."""
    reason = _reason(value, depth)
    if reason:
        yield Fault(field=field, reason=reason)
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _unstorable_member(key, member, field, depth)
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from find_unstorable(element, f"{field}[{index}]", depth=depth + 1)


def _unstorable_member(key: Any, member: object, field: str, depth: int) -> Iterator[Fault]:
    reason = _reason(key, depth) if isinstance(key, str) else "expected text as the name of a field"
    if reason:
        yield Fault(field=field, reason=f"a field's name in it cannot be stored: {reason}")
    else:
        yield from find_unstorable(member, f"{field}.{key}" if field else key, depth=depth + 1)


def _reason(value: object, depth: int) -> str | None:
    if isinstance(value, str):
        return _text_reason(value)
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _number_reason(value)
    if not isinstance(value, dict | list):
        return "expected a value that JSON knows"
    return f"nested more than {MAX_DEPTH} levels deep; expected something flatter" if depth > MAX_DEPTH else None


def _text_reason(text: str) -> str | None:
    if "\0" in text:
        return "holds a NUL character, which cannot be stored; remove it"
    if not text.isascii() and _SURROGATE.search(text):
        return "holds half of a surrogate pair, which cannot be stored; expected valid Unicode"
    return None


def _number_reason(number: float) -> str | None:
    if isinstance(number, int):
        return "an integer of thousands of digits; expected a smaller number, or text" if number.bit_length() > _MAX_INTEGER_BITS else None
    return None if math.isfinite(number) else "not a number that JSON can carry (NaN or infinite); leave it out"
