"""Which encoding makes words of a European language out of bytes. Names are too short for statistics. Knows no files."""

import re
from collections.abc import Collection
from itertools import pairwise

# One language a line, its letters beyond a to z; behind bars, those that need a neighbour. Accents that never meet in a word stand apart.
# Left out are two whose words are as good in the other encoding: Faroese (`øá` is Czech `řá`) and Estonian (`õ` is Hungarian `ő`).
_WESTERN = (
    "åæøéü",  # Danish, Norwegian
    "åäöéü",  # Swedish, Finnish
    "äöüßé",  # German
    "àâæçéèêëîïôœùûü",  # French
    "áéíóúñü",  # Spanish
    "àçèïòü",  # Catalan, with grave accents
    "çéíïóúü",  # and with acute ones
    "áâàçéêíóôúü|õ(?=e)|ã(?=[oe]|s?$)",  # Portuguese
    "àèìòù",  # Italian
    "áðéíóúýþæö",  # Icelandic
    "áéíóúëïöü",  # Dutch
)
_CENTRAL = (
    "ąćęłńóśźż",  # Polish
    "áčďéěíňóřšťúůýž",  # Czech
    "áäčďéíĺľňóôŕšťúýž",  # Slovak
    "čćđšž",  # Slovene, Croatian
    "áéíóöőúüű",  # Hungarian
    "ăâîşţ",  # Romanian
    "äöüßé",  # German
)
_CYRILLIC = "[\u0400-\u04ff]*"
# What touches words and is none of theirs: blanks, apostrophes and dashes between them; quotes, trademarks, degrees and `Nº` around them.
_BETWEEN = "\xa0\xb4\xb7\u2013\u2014\u2019"
_AROUND = "\xa9\xaa\xab\xae\xb0\xb2\xba\xbb\u2018\u2019\u201a\u201c\u201d\u201e\u2026\u20ac\u2122"
SIGNS = f"{_BETWEEN}{_AROUND}".encode("cp1252")
_SPLIT = re.compile(f"[{_BETWEEN}]")


def _words_of(languages: Collection[str]) -> re.Pattern[str]:
    patterns = (f"(?:[a-z{letters}]{bar}{others})*" for letters, bar, others in (language.partition("|") for language in languages))
    return re.compile("|".join(patterns))


_WORDS = {
    "cp1252": _words_of(_WESTERN),
    "cp1250": _words_of(_CENTRAL),
    "cp1251": re.compile(_CYRILLIC),
    "mac_roman": _words_of(_WESTERN),
    "cp850": _words_of(_WESTERN),
}
ENCODINGS = tuple(_WORDS)
"""What spreadsheets write besides Unicode, the likeliest first."""


def count_words(words: Collection[bytes], encoding: str) -> int:
    """How many of the words one language of the encoding has all letters for."""
    return sum(_is_word(word, encoding) for word in words)


def _is_word(word: bytes, encoding: str) -> bool:
    text = word.decode(encoding, errors="replace")
    if any(second.isupper() and not second.isascii() and first.islower() for first, second in pairwise(text)):
        return False
    return all(_WORDS[encoding].fullmatch(part) for part in _SPLIT.split(text.strip(_AROUND).lower()))
