"""Which encoding a text file is written in: decided over the whole file, since the first umlaut may come late. Knows no separators."""

import codecs
import re
from collections.abc import Collection, Iterator
from typing import BinaryIO

import charset_normalizer

from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.formats.alphabets import ENCODINGS, SIGNS, count_words

HALF_CHARACTERS = "openprospect.half_characters"
"""The name under which codecs keep bytes that they do not know, each as half a character, for which its row is rejected."""

_USUAL = "the usual encodings are utf-8, utf-16, cp1252 (Western Europe), cp1250 (Central Europe), cp1251 (Cyrillic), mac_roman and cp850."
_CHUNK = 1 << 20
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_UNDECODED = re.compile("[\udc80-\udcff]")
# A whole word with a letter beyond ASCII; digits belong to it, so that `5½` is seen to be none.
_WORD = re.compile(rb"(?<![0-9A-Za-z\x80-\xff])[0-9A-Za-z]*+[\x80-\xff][0-9A-Za-z\x80-\xff]*+")
_DIGIT = re.compile(rb"[0-9]")
_MOST_WORDS = 2_000
_OTHER_FORMATS = {b"PK\x03\x04": ".xlsx", b"\xd0\xcf\x11\xe0": ".xls", b"PAR1": ".parquet"}


def encoding_of(name: str, stream: BinaryIO, *, named: str | None) -> str:
    """The name of a codec: the one that the caller named, else a guess; raises InvalidInput where there is none, or the file is no text."""
    start = next(_chunks(stream))
    for magic, ending in _OTHER_FORMATS.items():
        if start.startswith(magic):
            raise InvalidInput(f"{name} is no text but looks like a {ending} file; give it its right ending.")
    return _detected(stream, start[:4]) if named is None else _known(named, name, start)


def _known(encoding: str, name: str, start: bytes) -> str:
    try:
        b"a".decode(encoding, "replace")  # of hex and zip it knows that they make no text
        codecs.getincrementaldecoder(encoding)(HALF_CHARACTERS).decode(start)
    except UnicodeError:
        raise InvalidInput(f"{name} cannot be read as {encoding!r}; {_USUAL}") from None
    except (LookupError, ValueError):
        raise InvalidInput(f"There is no encoding {encoding!r}; {_USUAL}") from None
    return codecs.lookup(encoding).name


def _detected(stream: BinaryIO, start: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return encoding
    if start[1:2] == b"\0" or start[:1] == b"\0":
        return "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
    return "utf-8" if _is_utf8(stream) else _guess(_words(stream))


def _is_utf8(stream: BinaryIO) -> bool:
    """Whether most of what is not ASCII is valid, so that one broken line does not spoil the others."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    valid = broken = 0
    for chunk in _chunks(stream):
        text = decoder.decode(chunk, final=not chunk)
        if not text.isascii():
            bad = len(_UNDECODED.findall(text))
            valid += len(text) - len(text.encode("ascii", "ignore")) - bad
            broken += bad
    return valid >= broken


def _words(stream: BinaryIO) -> Collection[bytes]:
    """The first words that are not ASCII, each once."""
    words: dict[bytes, None] = {}
    for chunk in _chunks(stream):
        words |= dict.fromkeys(word for word in _WORD.findall(chunk) if len(word) > 1 and not _DIGIT.search(word))
        if len(words) >= _MOST_WORDS:
            break
    return list(words)[:_MOST_WORDS]


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The bytes of a file from its beginning; the last chunk is empty."""
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        yield chunk
    yield b""


def _guess(words: Collection[bytes]) -> str:
    """Where most are words; where several encodings make the same number, charset_normalizer says which of these make no text at all."""
    counts = {encoding: count_words(words, encoding) for encoding in ENCODINGS}
    likely = [encoding for encoding, count in counts.items() if count == max(counts.values())]
    text = b" ".join(words).translate(None, SIGNS)
    matches = charset_normalizer.from_bytes(text, cp_isolation=likely, steps=1, chunk_size=max(1, len(text)))
    possible = {name for match in matches for name in match.could_be_from_charset}
    return next((encoding for encoding in likely if encoding in possible), likely[0])


def _half_characters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(HALF_CHARACTERS, _half_characters)
