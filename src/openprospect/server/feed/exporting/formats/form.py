"""What every form of an export is."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """`encode` turns batches of companies, a line of JSON each, into what is sent."""

    name: str
    media_type: str
    extension: str
    encode: Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]
