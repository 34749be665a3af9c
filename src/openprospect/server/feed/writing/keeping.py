"""Rows that do not name everybody at a company are completed with the people whom the feed has there. Matching is not decided here."""

from collections.abc import Sequence
from dataclasses import replace

from openprospect.server.core.errors import Fault
from openprospect.server.db.pool import Connection
from openprospect.server.feed import store
from openprospect.server.feed.model import ProspectId, ProspectRow
from openprospect.server.feed.rows.document import parse_document
from openprospect.server.feed.rows.hashes import Hasher
from openprospect.server.feed.rows.known_people import KnownPerson, match_people
from openprospect.server.feed.rows.matching import Match
from openprospect.server.feed.rows.row import MAX_PROSPECTS
from openprospect.server.feed.wire import DeliveredProspect
from openprospect.server.feed.writing.suppression import hash_person
from openprospect.server.searches.model import SearchId


async def complete(
    db: Connection, search_id: SearchId, matches: Sequence[Match], hasher: Hasher
) -> tuple[list[Match], dict[int, list[Fault]]]:
    """The matches, with everybody who stays; and the faults of rows that make too many people of a company, by index."""
    positions = {match.known.position for match in matches if match.row.keeps_people and match.known}
    if not positions:
        return list(matches), {}
    documents = {position: parse_document(text) for position, text in (await store.documents_at(db, search_id, positions)).items()}
    everybody = [
        _completed(match, documents[match.known.position].prospects, hasher) if match.row.keeps_people and match.known else match
        for match in matches
    ]
    overfull = {match.index: [_too_many(match)] for match in everybody if len(match.row.prospects) > MAX_PROSPECTS}
    return [match for match in everybody if match.index not in overfull], overfull


def _completed(match: Match, there: Sequence[DeliveredProspect], hasher: Hasher) -> Match:
    people = {prospect.id: hash_person(_row(prospect), hasher) for prospect in there}
    known = [
        KnownPerson(id=ProspectId(prospect_id), email=person.email, name=person.name, has_left=False)
        for prospect_id, person in people.items()
    ]
    named = set(match_people([hash_person(row, hasher) for row in match.row.prospects], known))
    kept = [person.row for prospect_id, person in people.items() if prospect_id not in named]
    return replace(match, row=replace(match.row, prospects=(*match.row.prospects, *kept)), kept=len(kept))


def _row(prospect: DeliveredProspect) -> ProspectRow:
    return ProspectRow(
        id=ProspectId(prospect.id),
        first_name=prospect.first_name,
        last_name=prospect.last_name,
        email=prospect.email,
        job_title=prospect.job_title,
        attributes=prospect.attributes or {},
    )


def _too_many(match: Match) -> Fault:
    people = f"{len(match.row.prospects):,} people with those who stay, since a row was rejected"
    return Fault(field="prospects", reason=f"{people}; at most {MAX_PROSPECTS:,} a company are possible")
