"""Delivering companies to a feed: order, time and identity are decided here, under the feed's lock, and nowhere else."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from openprospect.server.core.errors import Fault, RejectedRows
from openprospect.server.db import history
from openprospect.server.db.pool import Connection
from openprospect.server.feed import store
from openprospect.server.feed.append import Change, append
from openprospect.server.feed.document import changed_fields, company_document, content_hash, parsed
from openprospect.server.feed.matching import KnownPerson, Match, Person, match_companies, match_people, wanted_identity
from openprospect.server.feed.model import CompanyId, CompanyRow, ProspectId
from openprospect.server.feed.store import CompanyState, Head, PersonState
from openprospect.server.feed.suppression import Guests, admit
from openprospect.server.feed.wire import DeliveredCompany
from openprospect.server.searches.model import Search

MAX_BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one row."""

    company_id: CompanyId
    source_id: str | None
    is_delivered: bool
    suppressed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of a batch: an outcome or faults for each index, and the watermark after it."""

    outcomes: dict[int, Outcome]
    rejected: dict[int, list[Fault]]
    delivered_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A row that is accepted: its company, its people by id, and the document they make."""

    match: Match
    guests: Guests
    people: list[tuple[ProspectId, Person]]
    known_people: Sequence[KnownPerson]
    document: DeliveredCompany
    content_hash: bytes

    @property
    def is_changed(self) -> bool:
        return self.match.known is None or self.match.known.content_hash != self.content_hash


async def publish(db: Connection, search: Search, rows: Sequence[CompanyRow], *, actor: str, all_or_nothing: bool) -> Published:
    """Deliver a batch in the caller's transaction. Raises RejectedRows, before anything is written, where nothing may be left out.

    The lock taken here is held until commit, so whoever has seen a `delivered_at` will see nothing older appear.
    """
    hasher = await store.hold_organization(db, search.organization_id)
    head = await store.lock_feed(db, search.id)
    known = await store.known_companies(
        db, search.id, ids={row.id for row in rows if row.id}, identities={wanted_identity(row) for row in rows}
    )
    matches, rejected = match_companies(rows, known)
    if rejected and all_or_nothing:
        raise RejectedRows(rejected)
    guests = await admit(db, search.organization_id, matches, hasher)
    people = await store.known_people(db, search.id, {match.company_id for match in matches if match.known})
    candidates = [_candidate(match, admitted, people.get(match.company_id, ())) for match, admitted in zip(matches, guests, strict=True)]
    changed = [candidate for candidate in candidates if candidate.is_changed]
    watermark = await _write(db, search, changed, head=head, actor=actor) if changed else head.watermark
    return Published(
        outcomes={candidate.match.index: _outcome(candidate) for candidate in candidates}, rejected=rejected, delivered_until=watermark
    )


def _candidate(match: Match, guests: Guests, known_people: Sequence[KnownPerson]) -> _Candidate:
    ids = match_people(guests.people, known_people)
    people = list(zip(ids, guests.people, strict=True))
    rows = [(prospect_id, person.row) for prospect_id, person in people]
    company = replace(match.row, attributes=guests.attributes)
    document = company_document(match.company_id, company, rows, source_id=match.source_id)
    return _Candidate(
        match=match,
        guests=guests,
        people=people,
        known_people=known_people,
        document=document,
        content_hash=content_hash(document),
    )


def _outcome(candidate: _Candidate) -> Outcome:
    return Outcome(
        company_id=candidate.match.company_id,
        source_id=candidate.match.source_id,
        is_delivered=candidate.is_changed,
        suppressed=candidate.guests.suppressed,
    )


async def _write(db: Connection, search: Search, changed: list[_Candidate], *, head: Head, actor: str) -> datetime:
    """Append what changed to the feed; answers the new watermark."""
    await _record_history(db, search, changed, actor=actor)
    states = await append(db, search.id, [_change(candidate) for candidate in changed], head=head)
    await _write_people(db, search, list(zip(changed, states, strict=True)))
    return states[-1].delivered_at


def _change(candidate: _Candidate) -> Change:
    return Change(
        id=candidate.match.company_id,
        identity=candidate.match.identity,
        source_id=candidate.match.source_id,
        known=candidate.match.known,
        document=candidate.document,
        content_hash=candidate.content_hash,
    )


async def _write_people(db: Connection, search: Search, moved: list[tuple[_Candidate, CompanyState]]) -> None:
    await store.add_people(
        db, search.id, (person for candidate, state in moved if candidate.match.known is None for person in _people(candidate, state))
    )
    known = [(candidate, state) for candidate, state in moved if candidate.match.known]
    await store.keep_people(db, search.id, [person for candidate, state in known for person in _people(candidate, state)])
    gone = []
    for candidate, state in known:
        here = {prospect_id for prospect_id, _ in candidate.people}
        gone += [
            (state.id, person.id, state.delivered_at) for person in candidate.known_people if not person.has_left and person.id not in here
        ]
    await store.let_go_people(db, search.id, gone)


def _people(candidate: _Candidate, state: CompanyState) -> list[PersonState]:
    return [
        PersonState(
            company_id=state.id, id=prospect_id, email_hash=person.email_hash, name_hash=person.name_hash, delivered_at=state.delivered_at
        )
        for prospect_id, person in candidate.people
    ]


async def _record_history(db: Connection, search: Search, changed: list[_Candidate], *, actor: str) -> None:
    """What is delivered again is told with the names of the fields that differ."""
    positions = [candidate.match.known.position for candidate in changed if candidate.match.known]
    before = await store.documents_at(db, search.id, positions) if positions else {}
    events = []
    for candidate in changed:
        known = candidate.match.known
        details = {"changed": changed_fields(parsed(before[known.position]), candidate.document)} if known else None
        events.append((candidate.match.company_id, "redelivered" if known else "delivered", details))
    await history.record_companies(db, search.organization_id, search.id, actor=actor, events=events)
