"""Leaving out the people who asked to be gone, before anything of theirs is stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.pool import Connection
from openprospect.server.feed import store
from openprospect.server.feed.hashes import Hasher
from openprospect.server.feed.matching import Match, Person
from openprospect.server.feed.model import ProspectRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Guests:
    """Who of a delivered company may come in, and how many were left out."""

    people: list[Person]
    suppressed: int


async def admit(db: Connection, organization_id: OrganizationId, matches: Sequence[Match], hasher: Hasher) -> list[Guests]:
    """The people of each match who are not on the organization's suppression list."""
    delivered = [[_person(row, hasher) for row in match.row.prospects] for match in matches]
    if not await store.has_suppressions(db, organization_id):
        return [Guests(people=people, suppressed=0) for people in delivered]
    marks = [[_marks(match, person, hasher) for person in people] for match, people in zip(matches, delivered, strict=True)]
    wanted = {digest for company in marks for person in company for _, digest in person}
    listed = await store.suppressed(db, organization_id, wanted)
    guests = []
    for people, company in zip(delivered, marks, strict=True):
        admitted = [person for person, mark in zip(people, company, strict=True) if listed.isdisjoint(mark)]
        guests.append(Guests(people=admitted, suppressed=len(people) - len(admitted)))
    return guests


def _person(row: ProspectRow, hasher: Hasher) -> Person:
    return Person(row=row, email_hash=hasher.email(row.email), name_hash=hasher.name(row))


def _marks(match: Match, person: Person, hasher: Hasher) -> set[tuple[str, bytes]]:
    """Everything that this person could be on the list by.

    A name counts only within its company: alone where the person comes without an e-mail, else where the erased one had none.
    """
    name = hasher.name_at(match.company_id, person.name_hash)
    marks = {("name without email", name)}
    if person.row.id:
        marks.add(("prospect", hasher.prospect(person.row.id)))
    if person.row.email is None or person.email_hash is None:
        marks.add(("name", name))
    else:
        marks |= {("email", person.email_hash), ("domain", hasher.domain_of(person.row.email))}
    return marks
