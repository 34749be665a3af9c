"""When two rows of one company are the same person: same id, same mailbox, or same name where one side has no e-mail.

No name at all counts as a name. Two different ids are two people, unless they share a mailbox.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from openprospect.server.core.errors import Fault
from openprospect.server.feed.model import ProspectId, ProspectRow
from openprospect.server.feed.rows.identity import email_key, name_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """Somebody on the roll who is the same person, and by which field (empty: by name)."""

    index: int
    field: str
    reason: str


@dataclass(slots=True)
class Roll:
    """The people of one company, found again by id, mailbox or name."""

    _people: list[ProspectRow] = field(default_factory=list)
    _by_id: dict[ProspectId, int] = field(default_factory=dict)
    _by_email: dict[str, int] = field(default_factory=dict)
    _by_name: dict[str, dict[int, None]] = field(default_factory=dict)
    _by_name_alone: dict[str, dict[int, None]] = field(default_factory=dict)

    def add(self, person: ProspectRow) -> None:
        """Put a person on the roll; its index is the number of people before it."""
        self._people.append(person)
        self._register(len(self._people) - 1)

    def replace(self, index: int, person: ProspectRow) -> None:
        """The same person, of whom more is known."""
        self._people[index] = person
        self._register(index)

    def find(self, person: ProspectRow) -> Twin | None:
        """The same person further up the roll."""
        if person.id in self._by_id:
            return Twin(index=self._by_id[person.id], field="id", reason="the id is the same")
        key = email_key(person.email) if person.email else None
        if key in self._by_email:
            return Twin(index=self._by_email[key], field="email", reason="the e-mail address is the same")
        namesakes = self._by_name_alone if person.email else self._by_name
        for index in namesakes.get(name_key(person.first_name, person.last_name), ()):
            if _may_be_one(self._people[index], person):
                return Twin(index=index, field="", reason="the name is the same, and one of the two has no e-mail address")
        return None

    def _register(self, index: int) -> None:
        person = self._people[index]
        if person.id:
            self._by_id.setdefault(person.id, index)
        if person.email:
            self._by_email.setdefault(email_key(person.email), index)
        name = name_key(person.first_name, person.last_name)
        self._by_name.setdefault(name, {})[index] = None
        if not person.email:
            self._by_name_alone.setdefault(name, {})[index] = None


def repeated_people(people: Sequence[ProspectRow]) -> Iterator[Fault]:
    """A fault for everyone who already stands further up."""
    if _all_reachable_and_distinct(people):
        return
    roll = Roll()
    for index, person in enumerate(people):
        twin = roll.find(person)
        if twin:
            where = f"prospects[{index}].{twin.field}".rstrip(".")
            yield Fault(field=where, reason=f"the same person as prospects[{twin.index}]: {twin.reason}; keep one of the two")
        roll.add(person)


def _may_be_one(one: ProspectRow, other: ProspectRow) -> bool:
    return not (one.email and other.email) and (one.id is None or other.id is None or one.id == other.id)


def _all_reachable_and_distinct(people: Sequence[ProspectRow]) -> bool:
    if len(people) < 2:
        return True
    mailboxes = {email_key(person.email) for person in people if person.email}
    ids = [person.id for person in people if person.id]
    return len(mailboxes) == len(people) and len(set(ids)) == len(ids)
