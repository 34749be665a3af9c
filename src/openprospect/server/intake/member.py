"""One row of a company, taken apart, and what rows of one company say of it. Who the people are is told elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from openprospect.server.core.errors import Fault
from openprospect.server.feed.model import JsonObject
from openprospect.server.feed.rows.identity import email_key, fold, website_key
from openprospect.server.intake.keys import Kind
from openprospect.server.intake.outcome import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What a row says of its company and of a person, and what is wrong with it in itself.

    `known_by`: the best of what tells its company. `spoils`: whether something that it says of the company cannot be read.
    """

    source: Source
    known_by: Kind
    company: JsonObject
    person: JsonObject | None
    faults: list[Fault]
    spoils: bool = False

    @property
    def line(self) -> int:
        return self.source.line


@dataclass(frozen=True, slots=True)
class Said:
    """What rows say of their company: who said each thing first, and in what others contradict."""

    first: dict[str, Member]
    differing: set[str]

    def value(self, name: str) -> object:
        return self.first[name].company[name]


def said_by(members: Sequence[Member]) -> Said:
    first: dict[str, Member] = {}
    company: JsonObject = {}
    differing = set()
    for member in members:
        if member.company == company:
            continue
        for name, value in member.company.items():
            known = company.setdefault(name, value)
            first.setdefault(name, member)
            if not is_same(name, known, value):
                differing.add(name)
    return Said(first, differing)


def is_same(name: str, one: object, other: object) -> bool:
    """Whether two values of a field are one, in two spellings."""
    return one == other or _spelling(name, one) == _spelling(name, other)


_SPELLINGS: dict[str, Callable[[str], object]] = {"email": email_key, "website_url": website_key}


def _spelling(name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    return _SPELLINGS.get(name, fold)(value)
