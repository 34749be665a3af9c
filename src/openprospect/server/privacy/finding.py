"""Whom an erasure means, and every document that it has to change. Nothing is written here."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import chain

from msgspec import json

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.pool import Executor
from openprospect.server.feed import store as feed
from openprospect.server.feed.model import ProspectId, ProspectRow
from openprospect.server.feed.rows.addresses import mailbox_of
from openprospect.server.feed.rows.hashes import Hasher
from openprospect.server.feed.rows.scrub import scrub_document
from openprospect.server.feed.rows.traces import Traces, traces_of_people
from openprospect.server.feed.wire import DeliveredCompany, DeliveredProspect
from openprospect.server.privacy import store
from openprospect.server.privacy.mentions import Mentions
from openprospect.server.privacy.model import KeptDocument, KnownAt, Place
from openprospect.server.privacy.reading import IncrementalReader
from openprospect.server.searches.model import SearchId


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedPerson:
    """Somebody as far as they are known: keyed hashes of their mailboxes, their ids, and their addresses, in small letters."""

    mailboxes: set[bytes] = field(default_factory=set)
    ids: set[ProspectId] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)

    def known_more(self, other: "ErasedPerson") -> bool:
        """Whether the other adds anything; if so, it is taken in."""
        before = len(self.mailboxes), len(self.ids), len(self.emails)
        self.mailboxes.update(other.mailboxes)
        self.ids.update(other.ids)
        self.emails.update(other.emails)
        return before != (len(self.mailboxes), len(self.ids), len(self.emails))

    def as_of_now(self) -> tuple[frozenset[bytes], frozenset[ProspectId], frozenset[str]]:
        return frozenset(self.mailboxes), frozenset(self.ids), frozenset(self.emails)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a person is or was listed, the documents that name them as they are to be, and when their companies were last delivered.

    `traces`: what gives them away in other fields.
    """

    person: ErasedPerson
    traces: Traces
    known: list[KnownAt]
    cleaned: list[KeptDocument]
    newest: dict[Place, datetime]

    @property
    def places(self) -> set[Place]:
        """Where there is anything to erase."""
        return {at.place for at in self.known} | {document.place for document in self.cleaned}

    @property
    def search_ids(self) -> list[SearchId]:
        return sorted({search_id for search_id, _ in self.places})

    def within(self, search_id: SearchId) -> "Found":
        """Of one search alone."""
        return Found(
            person=self.person,
            traces=self.traces,
            known=[at for at in self.known if at.search_id == search_id],
            cleaned=[document for document in self.cleaned if document.search_id == search_id],
            newest=self.newest,
        )

    def without_them(self, company: DeliveredCompany) -> DeliveredCompany:
        """A company as it is once they are erased."""
        return scrub_document(company, self.person.ids, self.traces)

    def only_named(self) -> list[tuple[Place, datetime, datetime]]:
        """Companies that never listed the person: where, since when they name them, and when they were last delivered."""
        named: dict[Place, list[datetime]] = defaultdict(list)
        for document in self.cleaned:
            named[document.place].append(document.delivered_at)
        return [(place, min(named[place]), self.newest[place]) for place in named.keys() - {at.place for at in self.known}]


class Finding:
    """The search for one person, who becomes known better by it. Done again, it reads only what has changed meanwhile.

    On a database it holds no connection from one statement to the next: others have theirs in between, however much there is to read.
    """

    def __init__(self, organization_id: OrganizationId, known: Callable[[Hasher], ErasedPerson]) -> None:
        self._organization_id = organization_id
        self._known_by = known
        self._hasher: Hasher | None = None
        self._person = ErasedPerson()
        self._mentions = Mentions(organization_id)
        self._learning, self._cleaning = IncrementalReader(organization_id), IncrementalReader(organization_id)
        self._entries: dict[bytes, DeliveredProspect] = {}
        self._cleaned: dict[Place, list[KeptDocument]] = {}
        self._newest: dict[Place, datetime] = {}
        self._traces = Traces()

    async def find(self, db: Executor) -> Found:
        """Follow the person from what is known of them to all that is."""
        if self._hasher is None:
            self._hasher = await feed.hasher_of(db, self._organization_id)
            self._person.known_more(self._known_by(self._hasher))
        while True:
            known = await self._known_at(db)
            places = {at.place for at in known}
            for email in sorted(self._person.emails):
                places |= await self._mentions.of(db, email)
            if not await self._learn_more(db, places, self._hasher):
                break
        await self._clean(db, places)
        cleaned = [document for several in self._cleaned.values() for document in several]
        return Found(person=self._person, traces=self._traces, known=known, cleaned=cleaned, newest=self._newest)

    async def _known_at(self, db: Executor) -> list[KnownAt]:
        """Every place of the person: followed from mailboxes to ids and from ids to mailboxes, since each of them is theirs."""
        while True:
            found = await store.people_of(db, self._organization_id, self._person.mailboxes, self._person.ids)
            mailboxes = {at.email_hash for at in found if at.email_hash}
            if not self._person.known_more(ErasedPerson(mailboxes=mailboxes, ids={at.prospect_id for at in found})):
                return sorted(found, key=lambda at: (at.search_id, at.company_id, at.prospect_id))

    async def _learn_more(self, db: Executor, places: Collection[Place], hasher: Hasher) -> bool:
        """Whether documents tell more of the person than was known."""
        self._learning.ask(self._person.as_of_now())
        listed = ErasedPerson()
        async for portion in self._learning.read_on(db, places):
            told, entries = await asyncio.to_thread(_listed, portion, self._person, hasher)
            listed.known_more(told)
            self._entries |= entries
        return self._person.known_more(listed)

    async def _clean(self, db: Executor, places: Collection[Place]) -> None:
        self._traces = traces_of_people([*self._entries.values(), *(ProspectRow(email=email) for email in self._person.emails)])
        self._cleaning.ask((self._person.as_of_now(), self._traces))
        self._forget_all_but(places)
        async for portion in self._cleaning.read_on(db, places):
            cleaned = await asyncio.to_thread(_cleaned, portion, self._person.ids, self._traces)
            self._newest |= _newest(portion)
            self._cleaned |= {document.place: [] for document in portion}
            for document in cleaned:
                self._cleaned[document.place].append(document)

    def _forget_all_but(self, places: Collection[Place]) -> None:
        """Elsewhere others have erased the person meanwhile; what was cleaned of that may bring back whom they have erased as well."""
        self._cleaned = {place: documents for place, documents in self._cleaned.items() if place in places}
        self._newest = {place: at for place, at in self._newest.items() if place in places}


def _listed(documents: Iterable[KeptDocument], person: ErasedPerson, hasher: Hasher) -> tuple[ErasedPerson, dict[bytes, DeliveredProspect]]:
    """What documents tell of a person: how their mailboxes are written, and the ids of those who had them until lately; their entries.

    These are known by their present address, but a walk may still show the former.
    """
    hash_of = cache(hasher.email)
    listed, entries = ErasedPerson(), {}
    for prospect in chain.from_iterable(document.content.prospects for document in documents):
        mailbox = mailbox_of(prospect)
        digest = hash_of(mailbox)
        if prospect.id not in person.ids and digest not in person.mailboxes:
            continue
        entries[json.encode(prospect)] = prospect
        listed.ids.add(ProspectId(prospect.id))
        if mailbox and digest:
            listed.mailboxes.add(digest)
            listed.emails.add(mailbox.lower())
    return listed, entries


def _cleaned(documents: Iterable[KeptDocument], erased: Collection[ProspectId], traces: Traces) -> list[KeptDocument]:
    """Those of the documents that name the person, without them."""
    pairs = ((document, before := document.content, scrub_document(before, erased, traces)) for document in documents)
    return [document.with_content(after) for document, before, after in pairs if before != after]


def _newest(documents: Sequence[KeptDocument]) -> dict[Place, datetime]:
    times: dict[Place, datetime] = {}
    for document in documents:
        times[document.place] = max(document.delivered_at, times.get(document.place, document.delivered_at))
    return times
