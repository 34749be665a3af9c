"""What gives a person away outside their own entry: their address, their full name, and what else they are reached by. Pure rules.

A value is a trace by what it is: words are nobody's, whatever field they stand in. A number or an address that others hold as well is not
theirs alone.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from msgspec import UnsetType

from openprospect.server.feed.model import JsonObject, ProspectRow
from openprospect.server.feed.rows.addresses import addresses_in, mailbox_of, readings, texts_in
from openprospect.server.feed.rows.identity import email_key, fold
from openprospect.server.feed.wire import DeliveredProspect

Entry = DeliveredProspect | ProspectRow
Attributes = JsonObject | UnsetType

_HOLDS_ADDRESSES = re.compile(r"mail", re.IGNORECASE)
_HOLDS_NUMBERS = re.compile(r"phone|telefon|mobile|handy|fax", re.IGNORECASE)
_OF_THE_COMPANY = re.compile(r"^(company|organi[sz]ation|firma|account)")
_NO_LETTER = re.compile(r"[\W_]+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
# Of one person each; what these sites have of companies stands under other words.
_PROFILE = re.compile(r"(linkedin\.com/(?:in|pub|sales/lead|sales/people)|xing\.com/profile)/([^\s/?#,;:\"'<>()\[\]]+)")
_SHORTEST_NAME = 5
# Shorter ones are extensions, postcodes, years: they are many people's.
_SHORTEST_NUMBER = 7
_TELLING_DIGITS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Of some people. `mailboxes` in any spelling, as `email_key` writes them; `names` as whole words; `profiles` on sites for that.

    `contacts` are telephones, however they are spaced, and further addresses, each with the field that holds it.
    """

    mailboxes: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    profiles: frozenset[str] = frozenset()
    contacts: frozenset[tuple[str, str]] = frozenset()

    def are_in(self, value: Any) -> bool:
        """Whether a JSON value, or anything within it, tells of these people."""
        return self.address(value) or any(self._tell(text) for text in texts_in(value))

    def address(self, value: Any) -> bool:
        """Whether one of their addresses is in it: what tells even in the name of somebody else, who may be a namesake."""
        theirs = self.mailboxes | {contact for _, contact in self.contacts}
        return bool(theirs) and any(email_key(address) in theirs for address in addresses_in(value))

    def not_held_by(self, company: Attributes, people: Collection[Entry]) -> "Traces":
        """Without what the company or somebody else there holds in the same field, or is called."""
        if not (self.contacts or self.names):
            return self
        fields = {field for field, _ in self.contacts}
        theirs = (company, *(person.attributes for person in people))
        held = {contact for attributes in theirs for contact in self.contacts.intersection(_contacts(attributes, fields))}
        shared = {contact for _, contact in held} | {email_key(mailbox) for mailbox in map(mailbox_of, people) if mailbox}
        return replace(
            self,
            names=self.names.difference(*map(_names, people)),
            contacts=frozenset((field, contact) for field, contact in self.contacts if contact not in shared),
        )

    def _tell(self, text: str) -> bool:
        if self.names and _as_words(self.names).search(fold(text)):
            return True
        if self.profiles and not self.profiles.isdisjoint(profiles_in(text)):
            return True
        digits = _digits(text) if self.contacts else ""
        return any(contact in digits for _, contact in self.contacts)


def traces_of_people(people: Iterable[Entry]) -> Traces:
    """As far as their entries tell."""
    listed = list(people)
    return Traces(
        mailboxes=frozenset(email_key(mailbox) for mailbox in map(mailbox_of, listed) if mailbox),
        names=frozenset(name for person in listed for name in _names(person)),
        profiles=frozenset(profile for person in listed for text in texts_in(person.attributes) for profile in profiles_in(text)),
        contacts=frozenset(contact for person in listed for contact in _contacts(person.attributes)),
    )


def profiles_in(text: str) -> Iterator[str]:
    """Links to people, as one spelling of each."""
    for read in readings(text):
        for site, name in _PROFILE.findall(read.casefold()):
            yield f"{site}/{name.rstrip('.')}"


def _names(person: Entry) -> Iterator[str]:
    first, last = person.first_name, person.last_name
    if first and last:
        forms = map(fold, (f"{first} {last}", f"{last} {first}", f"{last}, {first}"))
        yield from (name for name in forms if len(name) >= _SHORTEST_NAME)


def _contacts(attributes: Attributes, fields: Collection[str] | None = None) -> Iterator[tuple[str, str]]:
    """The fields that hold telephones and addresses, and what they hold; of all fields, or of these."""
    for name, value in (attributes or {}).items():
        field = _OF_THE_COMPANY.sub("", _NO_LETTER.sub("", name.lower()))
        if fields is None or field in fields:
            yield from ((field, contact) for contact in _reached_by(name, value))


def _reached_by(name: str, value: Any) -> Iterator[str]:
    if _HOLDS_ADDRESSES.search(name):
        yield from map(email_key, addresses_in(value))
    if _HOLDS_NUMBERS.search(name):
        # Numbers come with and without zeros or a country before them: what they end with is compared.
        numbers = (_digits(text).lstrip("0")[-_TELLING_DIGITS:] for text in texts_in(value) if not _DATE.match(text))
        yield from (number for number in numbers if len(number) >= _SHORTEST_NUMBER)


@lru_cache(maxsize=64)
def _as_words(texts: frozenset[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(texts)))})(?!\w)")


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
