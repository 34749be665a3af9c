"""What is kept of a person, and who was given them: what everybody may ask to know of themselves. Nothing of theirs is changed here."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from operator import attrgetter

from msgspec import structs

from openprospect.server.access.model import OrganizationId
from openprospect.server.db import history
from openprospect.server.db.pool import Database
from openprospect.server.feed import store as feed
from openprospect.server.feed.model import CompanyId
from openprospect.server.feed.rows.document import changed_fields
from openprospect.server.feed.rows.hashes import Hasher
from openprospect.server.feed.wire import DeliveredCompany, DeliveredProspect
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.privacy import store
from openprospect.server.privacy.erase import Subject
from openprospect.server.privacy.finding import Finding, Found
from openprospect.server.privacy.model import Erasure, KeptDocument, KnownAt, Place
from openprospect.server.privacy.reading import IncrementalReader
from openprospect.server.searches.lookup import known_search
from openprospect.server.searches.model import Search, SearchId


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """A company that has to do with the person, as it is now.

    `entries`: as whom it lists them. `named_in`: its fields that name them besides. `left_at`: since when it lists them no more, if it did;
    of one that never did, since when it names them no more.
    """

    search_id: SearchId
    company_id: CompanyId
    source_id: str | None
    name: str
    since: datetime
    left_at: datetime | None
    entries: list[DeliveredProspect]
    named_in: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """`recipients`: each consumer that was given what `appearances` tell of, and when first. `erasures`: theirs, the newest first.

    `searches`: those that have to do with the person, by their ids.
    """

    appearances: list[Appearance]
    searches: dict[SearchId, Search]
    recipients: dict[str, datetime]
    is_suppressed: bool
    erasures: list[Erasure]

    @property
    def is_known(self) -> bool:
        return bool(self.appearances or self.erasures)


async def disclose(database: Database, writing: Writing, organization_id: OrganizationId, subject: Subject, *, actor: str) -> Disclosure:
    """All of it, in every search of the organization; history keeps that somebody asked. A person is found as an erasure would find them.

    Raises Busy where others look for somebody, or erase, for too long.
    """
    told = await writing.beforehand(organization_id, lambda: _read(database, organization_id, subject))
    hasher = await feed.hasher_of(database, organization_id)
    async with database.transaction() as db:
        details = {"subject_hash": subject.hash(hasher).hex()}
        await history.record(db, organization_id, actor=actor, action="person looked up", details=details)
    return told


async def _read(database: Database, organization_id: OrganizationId, subject: Subject) -> Disclosure:
    found = await Finding(organization_id, subject.person).find(database)
    hasher = await feed.hasher_of(database, organization_id)
    appearances = await _appearances(database, organization_id, found)
    first_seen: dict[SearchId, datetime] = {}
    for appearance in appearances:
        first_seen[appearance.search_id] = min(appearance.since, first_seen.get(appearance.search_id, appearance.since))
    known_as = _known_as(subject, found, hasher)
    domains = {hasher.domain_of(email) for email in found.person.emails}
    return Disclosure(
        appearances=appearances,
        searches={search_id: await known_search(database, search_id) for search_id in first_seen},
        recipients=await store.recipients_since(database, first_seen),
        is_suppressed=bool(await feed.suppressed(database, organization_id, subject.marks(hasher) | known_as | domains)),
        erasures=await store.erasures_of_person(database, organization_id, known_as, found.person.ids),
    )


def _known_as(subject: Subject, found: Found, hasher: Hasher) -> set[bytes]:
    """Hashes of all that they are named by, as erasures and the suppression list keep them."""
    return {subject.hash(hasher), *found.person.mailboxes, *map(hasher.prospect, found.person.ids)}


async def _appearances(database: Database, organization_id: OrganizationId, found: Found) -> list[Appearance]:
    """In the order in which they began, search by search."""
    appearances: list[Appearance] = []
    first_named = {place: since for place, since, _ in found.only_named()}
    stays: dict[Place, list[KnownAt]] = defaultdict(list)
    for at in found.known:
        stays[at.place].append(at)

    def told(documents: Iterable[KeptDocument]) -> list[Appearance]:
        by_place = groupby(sorted(documents, key=attrgetter("place", "position")), key=attrgetter("place"))
        return [_appearance(list(states), found, stays.get(place, []), first_named.get(place)) for place, states in by_place]

    async for documents in IncrementalReader(organization_id).read_on(database, found.places):
        appearances += await asyncio.to_thread(told, documents)
    return sorted(appearances, key=attrgetter("search_id", "since", "company_id"))


def _appearance(states: Sequence[KeptDocument], found: Found, stays: Sequence[KnownAt], first_named: datetime | None) -> Appearance:
    """Of a company whose kept states these are, the present one last."""
    company = states[-1].content
    entries = [prospect for prospect in company.prospects if prospect.id in found.person.ids]
    named_in = _named_in(company, found)
    left_at = max((stay.left_at for stay in stays if stay.left_at), default=None)
    if any(stay.left_at is None for stay in stays):
        left_at = None
    return Appearance(
        search_id=states[-1].search_id,
        company_id=states[-1].company_id,
        source_id=company.source_id,
        name=company.name,
        since=first_named or min(stay.delivered_at for stay in stays),
        left_at=left_at if left_at or entries or named_in else _gone_at(states, found),
        entries=entries,
        named_in=named_in,
    )


def _named_in(company: DeliveredCompany, found: Found) -> list[str]:
    """The fields that name them, entries of others among these."""
    others = structs.replace(company, prospects=[prospect for prospect in company.prospects if prospect.id not in found.person.ids])
    without = found.without_them(company)
    reason = ["removal_reason"] if company.removal_reason != without.removal_reason else []
    return changed_fields(others, without) + reason


def _gone_at(states: Sequence[KeptDocument], found: Found) -> datetime:
    """Since when no state has anything of them: walks may still show those before."""
    for state, following in reversed(list(pairwise(states))):
        if found.without_them(content := state.content) != content:
            return following.delivered_at
    return states[-1].delivered_at
