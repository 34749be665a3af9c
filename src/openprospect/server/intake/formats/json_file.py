"""A JSON file: a list of companies, an object with such a list under `companies` or `items`, or one company.

Only where an element begins and ends is found here, without building anything; so a file may be larger than memory, an
element that is broken inside is rejected alone, and lines are lines of the file. (ijson replaces broken characters with `?`
and takes memory by the square of the depth.)
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.formats.json_lines import MAX_DOCUMENT_BYTES, decoded, skip_bom, unreadable
from openprospect.server.intake.formats.source import Document
from openprospect.server.intake.outcome import RejectedRow

_CHUNK = 1 << 18
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
# A quote alone is a string whose end was not read yet.
_TOKEN = re.compile(_STRING + rb'|["{}\[\]]', re.DOTALL)
_BETWEEN = re.compile(rb"[\s,]*")
_SCALAR = re.compile(_STRING + rb"|[^\s,\[\]{}]+", re.DOTALL)
_LIST_FOLLOWS = re.compile(rb"\s*:\s*\[")
_LIST_KEYS = frozenset({b'"companies"', b'"items"'})
_STEPS = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}
_SHOWN = 1_000


class JsonFile:
    """Reads a stream of bytes of a known size."""

    def __init__(self, stream: BinaryIO, *, size: int) -> None:
        self._stream = stream
        self._size = size
        self._read = 0
        self._line = 1
        self._buffer = b""
        self._at = 0
        self._more()
        self._buffer = skip_bom(self._buffer)
        if not self._start():
            raise InvalidInput("The file is empty; expected a JSON list of companies.")
        self._is_object = self._next() != b"["
        self._is_list = not self._is_object or self._find_list()

    def documents(self) -> Iterator[Document | RejectedRow]:
        if not self._is_list:
            yield self._whole()
            return
        self._go(self._at + 1)
        while self._start() and self._next() != b"]":
            end = self._end()
            if end is None:
                yield unreadable(self._line, self._rest(), "not valid JSON from here on, so that nothing after it could be read")
                return
            yield decoded(self._line, self._buffer[self._at : end])
            self._go(end)
        if not self._next():
            yield unreadable(self._line, b"", "the file ends in the middle of its list; it was cut off")
            return
        self._go(self._at + 1)
        yield from self._behind_list()

    def fraction(self) -> float:
        return self._read / self._size

    def _whole(self) -> Document | RejectedRow:
        while self._held() <= MAX_DOCUMENT_BYTES and self._more():
            pass
        if self._held() > MAX_DOCUMENT_BYTES:
            return unreadable(self._line, self._rest(), f"an object of more than {MAX_DOCUMENT_BYTES:,} bytes without a list of companies")
        return decoded(self._line, self._buffer[self._at :].strip())

    def _behind_list(self) -> Iterator[RejectedRow]:
        """A rejected row where the file does not end with its list, or with the object around it."""
        if self._is_object and not self._leave_object():
            yield unreadable(self._line, self._rest(), "not valid JSON behind the list of companies; was the file cut off?")
        elif self._start():
            reason = "a second JSON value, from here on nothing was read; put all companies into one list, or one a line into a .jsonl file"
            yield unreadable(self._line, self._rest(), reason)

    def _leave_object(self) -> bool:
        """Go behind the object that holds the list; False where its end cannot be found."""
        while self._start() and self._next() != b"}":
            end = self._end()
            if end is None:
                return False
            self._go(end)
        is_closed = self._next() == b"}"
        self._go(self._at + is_closed)
        return is_closed

    def _more(self) -> bool:
        chunk = self._stream.read(_CHUNK)
        self._read += len(chunk)
        self._buffer = self._buffer[self._at :] + chunk
        self._at = 0
        return bool(chunk)

    def _next(self) -> bytes:
        return self._buffer[self._at : self._at + 1]

    def _held(self) -> int:
        return len(self._buffer) - self._at

    def _rest(self) -> bytes:
        return self._buffer[self._at : self._at + _SHOWN]

    def _go(self, position: int) -> None:
        self._line += self._buffer.count(b"\n", self._at, position)
        self._at = position

    def _start(self) -> bool:
        """Go to the next element or closing bracket; False at the end of the file."""
        while True:
            self._go(_end_of(_BETWEEN.match(self._buffer, self._at)))
            if self._held() or not self._more():
                return bool(self._held())

    def _end(self) -> int | None:
        """Where the element that comes next ends; None where it never does."""
        while True:
            end = _element_end(self._buffer, self._at)
            if end is not None or self._held() > MAX_DOCUMENT_BYTES or not self._more():
                return end

    def _find_list(self) -> bool:
        """Whether the object that comes next holds a list of companies; if so, go to its bracket."""
        if self._next() != b"{":
            raise InvalidInput("Expected a JSON list of companies, an object with one under `companies` or `items`, or one company.")
        while True:
            position = _list_position(self._buffer, self._at)
            if position is not None:
                self._go(position)
                return True
            if self._held() > MAX_DOCUMENT_BYTES or not self._more():
                return False


def _end_of(match: re.Match[bytes] | None) -> int:
    return match.end() if match else 0


def _element_end(buffer: bytes, start: int) -> int | None:
    """Where the element ends; None where its end was not read yet."""
    if buffer[start : start + 1] not in (b"{", b"["):
        end = _end_of(_SCALAR.match(buffer, start))
        # At the end of the buffer it may go on.
        return end if 0 < end < len(buffer) else None
    depth = 0
    for token in _TOKEN.finditer(buffer, start):
        depth += _STEPS.get(token[0], 0)
        if token[0] == b'"':
            return None
        if depth == 0:
            return token.end()
    return None


def _list_position(buffer: bytes, start: int) -> int | None:
    """Where the bracket of the list of companies stands, if it was read already."""
    depth = 0
    for token in _TOKEN.finditer(buffer, start):
        depth += _STEPS.get(token[0], 0)
        if token[0] == b'"':
            return None
        if depth == 1 and token[0] in _LIST_KEYS and (bracket := _LIST_FOLLOWS.match(buffer, token.end())):
            return bracket.end() - 1
    return None
