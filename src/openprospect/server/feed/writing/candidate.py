"""A delivered row that is accepted, made ready to be written: its company, its people by id, and the document they make. No storage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from openprospect.server.feed.model import ProspectId
from openprospect.server.feed.rows.document import company_document, content_hash
from openprospect.server.feed.rows.known_people import DeliveredPerson, KnownPerson, match_people
from openprospect.server.feed.rows.matching import Match
from openprospect.server.feed.store import GonePerson, PresentPerson
from openprospect.server.feed.wire import DeliveredCompany
from openprospect.server.feed.writing.append import Change
from openprospect.server.feed.writing.suppression import Guests


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A row with everything that is decided about it but its place in the feed."""

    match: Match
    guests: Guests
    people: list[tuple[ProspectId, DeliveredPerson]]
    known_people: Sequence[KnownPerson]
    document: DeliveredCompany
    content_hash: bytes

    @property
    def is_changed(self) -> bool:
        return self.match.known is None or self.match.known.content_hash != self.content_hash

    @property
    def leaving(self) -> list[ProspectId]:
        """Who was at the company until now, and is not among its people any more."""
        here = {prospect_id for prospect_id, _ in self.people}
        return [person.id for person in self.known_people if not person.has_left and person.id not in here]

    def change(self) -> Change:
        return Change(
            id=self.match.company_id,
            identity=self.match.identity,
            source_id=self.match.source_id,
            known=self.match.known,
            document=self.document,
            content_hash=self.content_hash,
        )

    def people_at(self, delivered_at: datetime) -> list[PresentPerson]:
        """Its people as they are stored, once it has its time: those who are new, back, or known by something else."""
        company_id = self.match.company_id
        unchanged = {(person.id, person.email, person.name) for person in self.known_people if not person.has_left}
        return [
            (company_id, prospect_id, person.email, person.name, delivered_at)
            for prospect_id, person in self.people
            if (prospect_id, person.email, person.name) not in unchanged
        ]

    def gone_at(self, delivered_at: datetime) -> list[GonePerson]:
        return [(self.match.company_id, prospect_id, delivered_at) for prospect_id in self.leaving]


def candidate_of(match: Match, guests: Guests, known_people: Sequence[KnownPerson]) -> Candidate:
    """What a row makes of its company, of which these people are known."""
    people = list(zip(match_people(guests.people, known_people), guests.people, strict=True))
    document = company_document(
        match.company_id,
        match.row,
        [(prospect_id, person.row) for prospect_id, person in people],
        source_id=match.source_id,
        attributes=guests.attributes,
    )
    return Candidate(
        match=match,
        guests=guests,
        people=people,
        known_people=known_people,
        document=document,
        content_hash=content_hash(document),
    )
