"""Which encoding a text file is written in: decided over the whole file, since the first umlaut may come late. Knows no separators."""

import codecs
import re
from pathlib import Path

import charset_normalizer

from openprospect.server.core.errors import InvalidInput

_CHUNK = 1 << 20
_SAMPLE = 1 << 15
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_UNDECODED = re.compile("[\udc80-\udcff]")
# What spreadsheets write, the likeliest first: on short text the guess is a matter of taste.
_CANDIDATES = ["cp1252", "cp1250", "cp1251", "mac_roman", "cp850"]
_OTHER_FORMATS = {b"PK\x03\x04": ".xlsx", b"\xd0\xcf\x11\xe0": ".xls", b"PAR1": ".parquet"}


def detect_encoding(path: Path) -> str:
    """The name of a codec. UTF-8 where most of what is not ASCII is valid, so that one broken line does not spoil the others."""
    with path.open("rb") as file:
        start = file.read(4)
    for magic, ending in _OTHER_FORMATS.items():
        if start.startswith(magic):
            raise InvalidInput(f"{path.name} is no text but looks like a {ending} file; give it its right ending.")
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return encoding
    if start[1:2] == b"\0" or start[:1] == b"\0":
        return "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
    return _without_mark(path)


def _without_mark(path: Path) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    valid = broken = 0
    sample = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            text = decoder.decode(chunk)
            if text.isascii():
                continue
            bad = len(_UNDECODED.findall(text))
            valid += len(text) - len(text.encode("ascii", "ignore")) - bad
            broken += bad
            if bad and not sample:
                sample = _around(chunk)
    return "utf-8" if valid >= broken else _guess(sample)


def _around(chunk: bytes) -> bytes:
    """A piece of the chunk that holds its first characters that are not ASCII."""
    match = re.search(rb"[\x80-\xff]", chunk)
    first = match.start() if match else 0
    return chunk[max(0, first - _SAMPLE) : first + _SAMPLE]


def _guess(sample: bytes) -> str:
    best = charset_normalizer.from_bytes(sample, cp_isolation=_CANDIDATES).best()
    return best.encoding if best else _CANDIDATES[0]
