"""What is kept of a person, and who was given them: what everybody may ask to know of themselves. Nothing is written here."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.pool import Database, Executor
from openprospect.server.feed import store as feed
from openprospect.server.feed.model import CompanyId, ProspectId
from openprospect.server.feed.rows.document import changed_fields
from openprospect.server.feed.wire import DeliveredCompany, DeliveredProspect
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.privacy import store
from openprospect.server.privacy.erase import Subject
from openprospect.server.privacy.finding import Finding, Found
from openprospect.server.privacy.model import ErasureId, KeptDocument, Place
from openprospect.server.privacy.reading import chunked
from openprospect.server.searches.lookup import known_search
from openprospect.server.searches.model import Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """A company that has to do with the person, as it is now.

    `entries`: as whom it lists them. `named_in`: its fields that name them besides. `left_at`: since when it lists them no more, if it did.
    """

    search: Search
    company_id: CompanyId
    company: DeliveredCompany
    since: datetime
    left_at: datetime | None
    entries: list[DeliveredProspect]
    named_in: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """`recipients`: each consumer that was given the person, and when first. `erasure_id`: their last erasure."""

    appearances: list[Appearance]
    recipients: dict[str, datetime]
    is_suppressed: bool
    erasure_id: ErasureId | None

    @property
    def is_known(self) -> bool:
        return bool(self.appearances or self.erasure_id)


async def disclose(database: Database, organization_id: OrganizationId, subject: Subject) -> Disclosure:
    """All of it, in every search of the organization. A person is found as an erasure would find them."""
    finding = Finding(organization_id, subject.person)
    found = await Writing(database).beforehand(organization_id, lambda: finding.find(database))
    hasher = await feed.hasher_of(database, organization_id)
    appearances = [appearance async for appearance in _appearances(database, found)]
    first_seen: dict[Search, datetime] = {}
    for appearance in appearances:
        first_seen[appearance.search] = min(appearance.since, first_seen.get(appearance.search, appearance.since))
    return Disclosure(
        appearances=appearances,
        recipients=await store.recipients_since(database, {search.id: since for search, since in first_seen.items()}),
        is_suppressed=bool(await feed.suppressed(database, organization_id, subject.marks(hasher))),
        erasure_id=await store.erasure_of_subject(database, organization_id, subject.hash(hasher)),
    )


async def _appearances(db: Executor, found: Found) -> AsyncIterator[Appearance]:
    since = {place: first for place, first, _ in found.only_named()}
    left_at: dict[Place, datetime | None] = {}
    for place, known in groupby(found.known, key=attrgetter("place")):
        stays = list(known)
        since[place] = min(stay.delivered_at for stay in stays)
        left_at[place] = None if any(stay.left_at is None for stay in stays) else max(stay.left_at for stay in stays if stay.left_at)
    cleaned = {(document.search_id, document.position): document for document in found.cleaned}
    for search_id in found.search_ids:
        search = await known_search(db, search_id)
        for companies in chunked(sorted(company_id for of, company_id in found.places if of == search_id)):
            for document in _present(await store.documents_of(db, search_id, companies)):
                company, after = document.content, cleaned.get((search_id, document.position))
                changed = changed_fields(company, after.content) if after else []
                entries = _entries(company, found.person.ids)
                yield Appearance(
                    search=search,
                    company_id=document.company_id,
                    company=company,
                    since=since[document.place],
                    left_at=left_at.get(document.place),
                    entries=entries,
                    named_in=[name for name in changed if name != "prospects" or not entries],
                )


def _present(documents: Collection[KeptDocument]) -> list[KeptDocument]:
    """The newest of each company, in the order of the feed."""
    newest = {document.company_id: document for document in sorted(documents, key=attrgetter("position"))}
    return sorted(newest.values(), key=attrgetter("position"))


def _entries(company: DeliveredCompany, ids: Collection[ProspectId]) -> list[DeliveredProspect]:
    return [prospect for prospect in company.prospects if prospect.id in ids]
