"""When two are the same person of one company: same id, same mailbox, or same name where one has no mailbox and one has no id.

No name at all counts as a name. Two different ids are two people, unless they share a mailbox: within a delivery and from one to the next.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

from openprospect.server.core.errors import Fault
from openprospect.server.feed.model import ProspectId, ProspectRow
from openprospect.server.feed.rows.identity import email_key, name_key

Key = TypeVar("Key", str, bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonKeys(Generic[Key]):
    """What a person is known by within a company: mailbox and name in one spelling each, or as the hashes of that."""

    id: ProspectId | None
    email: Key | None
    name: Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """Somebody on the roll who is the same person, and by which field (empty: by name)."""

    index: int
    field: str
    reason: str


class Roll(Generic[Key]):
    """People of one company, found again by what they are known by. Each has an index, in the order in which they were added."""

    def __init__(self, people: Iterable[PersonKeys[Key]] = ()) -> None:
        self._people: list[PersonKeys[Key]] = []
        self._found_at: defaultdict[tuple[object, ...], set[int]] = defaultdict(set)
        for person in people:
            self.add(person)

    def add(self, person: PersonKeys[Key]) -> None:
        self._people.append(person)
        self._enter(len(self._people) - 1)

    def replace(self, index: int, person: PersonKeys[Key]) -> None:
        """The same person, of whom more is known."""
        self.strike(index)
        self._people[index] = person
        self._enter(index)

    def strike(self, index: int) -> None:
        """From now on the person is found no more."""
        for mark in _marks(self._people[index]):
            self._found_at[mark].remove(index)

    def find(self, person: PersonKeys[Key]) -> Twin | None:
        """The same person, by the best of their keys."""
        if (index := self.by_id(person)) is not None:
            return Twin(index=index, field="id", reason="the id is the same")
        if (index := self.by_email(person)) is not None:
            return Twin(index=index, field="email", reason="the e-mail address is the same")
        if (index := self.by_name(person)) is not None:
            return Twin(index=index, field="", reason="the name is the same, and one of the two has no e-mail address")
        return None

    def by_id(self, person: PersonKeys[Key]) -> int | None:
        return self._first(("id", person.id)) if person.id else None

    def by_email(self, person: PersonKeys[Key]) -> int | None:
        return self._first(("email", person.email)) if person.email else None

    def by_name(self, person: PersonKeys[Key]) -> int | None:
        """The first namesake whom neither an id nor a mailbox of their own tells apart from the person."""
        ids = (False,) if person.id else (False, True)
        emails = (False,) if person.email else (False, True)
        return self._first(*(("name", person.name, has_id, has_email) for has_id in ids for has_email in emails))

    def _enter(self, index: int) -> None:
        for mark in _marks(self._people[index]):
            self._found_at[mark].add(index)

    def _first(self, *marks: tuple[object, ...]) -> int | None:
        return min(chain.from_iterable(self._found_at.get(mark, ()) for mark in marks), default=None)


def person_keys(row: ProspectRow) -> PersonKeys[str]:
    email = email_key(row.email) if row.email else None
    return PersonKeys(id=row.id, email=email, name=name_key(row.first_name, row.last_name))


def repeated_people(people: Sequence[ProspectRow]) -> Iterator[Fault]:
    """A fault for everyone who already stands further up."""
    if _all_reachable_and_distinct(people):
        return
    roll = Roll[str]()
    for index, person in enumerate(map(person_keys, people)):
        twin = roll.find(person)
        if twin:
            where = f"prospects[{index}].{twin.field}".rstrip(".")
            yield Fault(field=where, reason=f"the same person as prospects[{twin.index}]: {twin.reason}; keep one of the two")
        roll.add(person)


def _marks(person: PersonKeys[Key]) -> Iterator[tuple[object, ...]]:
    """Under what a person is found."""
    if person.id:
        yield "id", person.id
    if person.email:
        yield "email", person.email
    yield "name", person.name, bool(person.id), bool(person.email)


def _all_reachable_and_distinct(people: Sequence[ProspectRow]) -> bool:
    if len(people) < 2:
        return True
    mailboxes = {email_key(person.email) for person in people if person.email}
    ids = [person.id for person in people if person.id]
    return len(mailboxes) == len(people) and len(set(ids)) == len(ids)
