"""Leaving out the people who asked to be gone, before anything of theirs is stored: not even where an attribute repeats them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.pool import Connection
from openprospect.server.feed import store
from openprospect.server.feed.model import JsonObject, ProspectRow
from openprospect.server.feed.rows.addresses import addresses_in, mailbox_of
from openprospect.server.feed.rows.hashes import Hasher
from openprospect.server.feed.rows.known_people import DeliveredPerson
from openprospect.server.feed.rows.matching import Match
from openprospect.server.feed.rows.scrub import clean_attributes, clean_entry
from openprospect.server.feed.rows.traces import traces_of_people


@dataclass(frozen=True, slots=True, kw_only=True)
class Guests:
    """Who of a delivered company may come in, its attributes without the others, and how many these are."""

    people: list[DeliveredPerson]
    attributes: JsonObject
    suppressed: int


async def admit(db: Connection, organization_id: OrganizationId, matches: Sequence[Match], hasher: Hasher) -> list[Guests]:
    """The people of each match who are not on the organization's suppression list."""
    delivered = [[hash_person(row, hasher) for row in match.row.prospects] for match in matches]
    if not await store.has_suppressions(db, organization_id):
        return [_guests(match, admitted=people, left_out=[], unwelcome=[]) for match, people in zip(matches, delivered, strict=True)]
    mentioned = [_mentioned(match) for match in matches]
    addresses = {address: _address_marks(address, hasher) for company in mentioned for address in company}
    marks = [[_marks(match, person, hasher) for person in people] for match, people in zip(matches, delivered, strict=True)]
    wanted = {digest for mark in chain(chain.from_iterable(marks), addresses.values()) for _, digest in mark}
    listed = await store.suppressed(db, organization_id, wanted)
    return [
        _guests(
            match,
            admitted=[person for person, mark in zip(people, company, strict=True) if listed.isdisjoint(mark)],
            left_out=[person.row for person, mark in zip(people, company, strict=True) if not listed.isdisjoint(mark)],
            unwelcome=[ProspectRow(email=address) for address in named if not listed.isdisjoint(addresses[address])],
        )
        for match, people, company, named in zip(matches, delivered, marks, mentioned, strict=True)
    ]


async def admit_text(db: Connection, organization_id: OrganizationId, text: str | None, hasher: Hasher) -> str | None:
    """The text, unless it names somebody by an address that is on the organization's suppression list."""
    wanted = {digest for address in addresses_in(text) for _, digest in _address_marks(address, hasher)}
    return None if wanted and await store.suppressed(db, organization_id, wanted) else text


def _guests(match: Match, *, admitted: list[DeliveredPerson], left_out: list[ProspectRow], unwelcome: list[ProspectRow]) -> Guests:
    """`unwelcome` are those on the list whom only a field of the company or of somebody else names."""
    if not (left_out or unwelcome):
        return Guests(people=admitted, attributes=match.row.attributes, suppressed=0)
    traces = traces_of_people([*left_out, *unwelcome]).not_held_by(match.row.attributes, [person.row for person in admitted])
    return Guests(
        people=[replace(person, row=replace(person.row, **clean_entry(person.row, traces))) for person in admitted],
        attributes=clean_attributes(match.row.attributes, traces),
        suppressed=len(left_out),
    )


def _mentioned(match: Match) -> set[str]:
    """The addresses that stand anywhere but as an e-mail."""
    people = match.row.prospects
    return addresses_in([match.row.attributes, *([at.first_name, at.last_name, at.job_title, at.attributes] for at in people)])


def _address_marks(address: str, hasher: Hasher) -> set[tuple[str, bytes]]:
    digest = hasher.email(address)
    assert digest is not None
    return {("email", digest), ("domain", hasher.domain_of(address))}


def hash_person(row: ProspectRow, hasher: Hasher) -> DeliveredPerson:
    """A person with what the organization knows them by."""
    return DeliveredPerson(id=row.id, email=hasher.email(row.email), name=hasher.name(row), row=row)


def _marks(match: Match, person: DeliveredPerson, hasher: Hasher) -> set[tuple[str, bytes]]:
    """Everything that this person could be on the list by.

    A name counts only within its company: alone where the person comes without an e-mail, else where the erased one had none.
    """
    name = hasher.name_at(match.company_id, person.name)
    marks = {("name without email", name)}
    if person.row.id:
        marks.add(("prospect", hasher.prospect(person.row.id)))
    if not person.row.email:
        marks.add(("name", name))
    mailbox = mailbox_of(person.row)
    return marks | _address_marks(mailbox, hasher) if mailbox else marks
