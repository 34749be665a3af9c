"""How much of a long list a page shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

_SIZE = 50
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[T]):
    """Some of a list. `number`: which page of it this is, from 1; `more`: how many come after it."""

    items: Sequence[T]
    number: int
    total: int
    more: int


def first(items: Sequence[T], most: int = _SIZE) -> Part[T]:
    """The beginning alone."""
    return Part(items=items[:most], number=1, total=len(items), more=max(0, len(items) - most))


def numbered(items: Sequence[T], written: str) -> Part[T]:
    """The page whose number was asked for; the first one for what is no number."""
    number = max(1, int(written)) if written.isascii() and written.isdigit() and len(written) <= 6 else 1
    end = number * _SIZE
    return Part(items=items[end - _SIZE : end], number=number, total=len(items), more=max(0, len(items) - end))
