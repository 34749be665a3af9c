"""JSON Lines: one company a line. A line that is no JSON is rejected, and the rest goes on."""

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from openprospect.server.core.errors import Fault, InvalidInput
from openprospect.server.intake.formats.source import Document
from openprospect.server.intake.outcome import RejectedRow

MAX_DOCUMENT_BYTES = 16 << 20
"""More than any row that can be delivered, so that an endless line does not fill the memory."""

_BOM = b"\xef\xbb\xbf"
_SHOWN = 1_000


class JsonLines:
    """Reads a stream of bytes; `size` is None where it cannot be known."""

    def __init__(self, stream: BinaryIO, *, size: int | None) -> None:
        self._stream = stream
        self._size = size
        self._read = 0

    def documents(self) -> Iterator[Document | RejectedRow]:
        for number, line in enumerate(self._lines(), start=1):
            text = skip_bom(line).strip() if number == 1 else line.strip()
            if len(line) > MAX_DOCUMENT_BYTES:
                yield unreadable(number, text, f"a line of more than {MAX_DOCUMENT_BYTES:,} bytes; expected one company a line")
            elif text:
                yield decoded(number, text)

    def fraction(self) -> float | None:
        return self._read / self._size if self._size else None

    def _lines(self) -> Iterator[bytes]:
        while line := self._stream.readline(MAX_DOCUMENT_BYTES + 1):
            self._read += len(line)
            yield line
            while len(line) > MAX_DOCUMENT_BYTES and not line.endswith(b"\n"):
                line = self._stream.readline(MAX_DOCUMENT_BYTES + 1)
                self._read += len(line)


def skip_bom(start: bytes) -> bytes:
    """The start of a file without its byte order mark; raises InvalidInput for one of UTF-16."""
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InvalidInput("The file is written in UTF-16; JSON is always UTF-8: save it so.")
    return start.removeprefix(_BOM)


def decoded(line: int, text: bytes) -> Document | RejectedRow:
    """A document, or why it is none. What stood there is kept as it was, without a round trip."""
    try:
        value = msgspec.json.decode(text)
        raw = msgspec.Raw(msgspec.json.format(text, indent=-1) if b"\n" in text else text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error).removeprefix("JSON is malformed: ")
        return unreadable(line, text, f"not valid JSON: {reason}")
    return Document(line, value, raw)


def unreadable(line: int, text: bytes, reason: str) -> RejectedRow:
    """A rejected row for text that is no document; its beginning is kept where it is long."""
    shown = text if len(text) <= MAX_DOCUMENT_BYTES else text[:_SHOWN]
    return RejectedRow(line=line, faults=[Fault(field="", reason=reason)], raw=shown.decode(errors="replace"))
