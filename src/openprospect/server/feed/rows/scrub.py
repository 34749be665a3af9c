"""Taking people out of what surrounds them, where it repeats their address, name or telephone: pure rules."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from msgspec import UNSET, UnsetType, structs

from openprospect.server.feed.model import JsonObject, ProspectRow
from openprospect.server.feed.rows.addresses import addresses_in, mailbox_of, texts_in
from openprospect.server.feed.rows.identity import email_key
from openprospect.server.feed.wire import DeliveredCompany, DeliveredProspect

T = TypeVar("T")

_TELLING = re.compile(r"mail|phone|telefon|mobile|handy|fax|linkedin|xing", re.IGNORECASE)
_BEFORE_A_SITE = re.compile(r"^(https?://)?(www\.)?", re.IGNORECASE)
_SHORTEST_TRACE = 5
# Shorter ones are extensions, postcodes, years: they are many people's.
_SHORTEST_NUMBER = 7
_TELLING_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Traces:
    """What would give people away outside their own entries.

    `mailboxes` in any spelling, as `email_key` writes them; `words` as whole words; `numbers` however they are spaced.
    """

    mailboxes: frozenset[str]
    words: re.Pattern[str] | None
    numbers: frozenset[str]

    def are_in(self, value: Any) -> bool:
        """Whether a JSON value, or anything within it, tells of these people."""
        return self.address(value) or any(self._tell(text) for text in texts_in(value))

    def address(self, value: Any) -> bool:
        """Whether one of their addresses is in it: what tells even in the name of somebody else, who may be a namesake."""
        return bool(self.mailboxes) and any(email_key(address) in self.mailboxes for address in addresses_in(value))

    def _tell(self, text: str) -> bool:
        if self.words and self.words.search(_folded(text)):
            return True
        digits = _digits(text) if self.numbers else ""
        return any(number in digits for number in self.numbers)


def traces_of_people(people: Iterable[DeliveredProspect | ProspectRow]) -> Traces:
    """The addresses, full names and telephones of people, as far as their entries tell; and what else they are reached by."""
    listed = list(people)
    texts = {text for person in listed for text in _texts(person)}
    words = sorted(re.escape(word) for word in map(_folded, texts) if len(word) >= _SHORTEST_TRACE)
    # Numbers come with and without zeros or a country before them: what they end with is compared.
    numbers = {_digits(text).lstrip("0")[-_TELLING_DIGITS:] for text in texts if "@" not in text}
    return Traces(
        mailboxes=frozenset(email_key(address) for person in listed for address in _addresses(person)),
        words=re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)") if words else None,
        numbers=frozenset(number for number in numbers if len(number) >= _SHORTEST_NUMBER),
    )


def scrubbed(document: DeliveredCompany, erased: Collection[UUID], traces: Traces) -> DeliveredCompany:
    """The document without these people, and without what of theirs was copied into other fields."""
    return structs.replace(
        document,
        prospects=[
            structs.replace(
                prospect,
                first_name=unaddressed(prospect.first_name, traces),
                last_name=unaddressed(prospect.last_name, traces),
                job_title=untold(prospect.job_title, traces),
                attributes=cleaned(prospect.attributes, traces) or UNSET,
            )
            for prospect in document.prospects
            if prospect.id not in erased
        ],
        attributes=cleaned(document.attributes, traces) or UNSET,
        removal_reason=untold(document.removal_reason, traces),
    )


def untold(text: T, traces: Traces) -> T | None:
    """A text, unless it tells of somebody."""
    return None if traces.are_in(text) else text


def unaddressed(name: str | None, traces: Traces) -> str | None:
    """A name, unless it holds somebody's address."""
    return None if name and traces.address(name) else name


def cleaned(attributes: JsonObject | UnsetType, traces: Traces) -> JsonObject:
    """The attributes whose names and values tell of nobody."""
    return {name: value for name, value in (attributes or {}).items() if not (traces.are_in(name) or traces.are_in(value))}


def _addresses(person: DeliveredProspect | ProspectRow) -> Iterator[str]:
    mailbox = mailbox_of(person)
    if mailbox:
        yield mailbox
    for value in _telling(person):
        yield from addresses_in(value)


def _texts(person: DeliveredProspect | ProspectRow) -> Iterator[str]:
    if person.first_name and person.last_name:
        yield f"{person.first_name} {person.last_name}"
        yield f"{person.last_name} {person.first_name}"
        yield f"{person.last_name}, {person.first_name}"
    for value in _telling(person):
        yield from (text for text in _leaves(value) if not addresses_in(text))


def _telling(person: DeliveredProspect | ProspectRow) -> Iterator[Any]:
    """What they are reached by beside their e-mail."""
    return (value for name, value in (person.attributes or {}).items() if _TELLING.search(name))


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield _BEFORE_A_SITE.sub("", str(value)).removesuffix("/")


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
