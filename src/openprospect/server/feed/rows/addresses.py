"""E-mail addresses within texts: the one place that knows where an address begins and ends, whatever surrounds it. Pure rules."""

import re
from collections.abc import Iterator
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote

from openprospect.server.feed.model import ProspectRow
from openprospect.server.feed.rows.identity import bare_email, is_email
from openprospect.server.feed.wire import DeliveredProspect

# Begun at every place where one may begin, so that what is written before it with no blank between hides nothing. Behind these
# five signs a longer address goes on, which is somebody else's.
_ADDRESS = re.compile(
    r"(?<![^\W_])(?<![^\W_][._+'-])"
    r"(?=([^\s()<>\[\]:;,\\\"@\x00-\x20\x7f]{1,64}+@(?:[^\W_][\w-]{0,62}+\.){1,126}(?:xn--[\w-]+|[^\W_]+)))",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[a-z])\.(?=[A-Z])")
_AROUND_A_NAME = " \t<>()[]\"',;"
_LINKS_WITHIN_LINKS = 2


def addresses_in(value: Any) -> set[str]:
    """Every text in a JSON value that may be meant as an address: within names and values, and as links write them."""
    return {address for text in texts_in(value) for address in _addresses(text)}


def texts_in(value: Any) -> Iterator[str]:
    """The names and values of a JSON value, at every depth; numbers as they are written."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def readings(text: str) -> Iterator[str]:
    """The text as it stands, letters and their marks put together, and what it says as a link, or as a link within one."""
    yield (text := _composed(text))
    for _ in range(_LINKS_WITHIN_LINKS):
        if "%" not in text:
            return
        yield (text := _composed(unquote(text)))


def _composed(text: str) -> str:
    return text if text.isascii() else normalize("NFC", text)


def mailbox_of(person: ProspectRow | DeliveredProspect) -> str | None:
    """The address that somebody is known by: their e-mail, or a name that is nothing but one, as CRMs write who has no name."""
    if person.email:
        return person.email
    names = (bare_email(name.strip(_AROUND_A_NAME)) for name in (person.first_name, person.last_name) if name and "@" in name)
    return next(filter(is_email, names), None)


def _addresses(text: str) -> Iterator[str]:
    for read in readings(text):
        if "@" in read:
            for match in _ADDRESS.finditer(read):
                yield from filter(is_email, _ends(match[1]))


def _ends(address: str) -> Iterator[str]:
    """The whole, and as far as to where the next sentence may begin with no blank before it."""
    yield address
    domain = address.rindex("@") + 1
    sentence = _SENTENCE.search(address, address.index(".", domain) + 1)
    if sentence:
        yield address[: sentence.start()]
