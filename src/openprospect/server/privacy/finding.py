"""Whom an erasure means, and every document that it has to change. Nothing is written here."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.pool import Connection
from openprospect.server.feed.model import ProspectId
from openprospect.server.feed.rows.addresses import mailbox_of
from openprospect.server.feed.rows.hashes import Hasher
from openprospect.server.feed.rows.scrub import scrubbed, traces_of
from openprospect.server.privacy import store
from openprospect.server.privacy.mentions import Mentions
from openprospect.server.privacy.model import KeptDocument, KnownAt, Place
from openprospect.server.searches.model import SearchId


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody as far as they are known: keyed hashes of their mailboxes, their ids, and their addresses in clear."""

    mailboxes: set[bytes] = field(default_factory=set)
    ids: set[ProspectId] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)

    def known_more(self, other: "Person") -> bool:
        """Whether the other adds anything; if so, it is taken in."""
        before = len(self.mailboxes), len(self.ids), len(self.emails)
        self.mailboxes.update(other.mailboxes)
        self.ids.update(other.ids)
        self.emails.update(other.emails)
        return before != (len(self.mailboxes), len(self.ids), len(self.emails))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a person is or was listed, every document of the companies that list or name them, and the changed ones as they are to be."""

    known: list[KnownAt]
    kept: list[KeptDocument]
    cleaned: list[KeptDocument]

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
            known=[at for at in self.known if at.search_id == search_id],
            kept=[document for document in self.kept if document.search_id == search_id],
            cleaned=[document for document in self.cleaned if document.search_id == search_id],
        )

    def only_named(self) -> list[tuple[Place, datetime, datetime]]:
        """Companies that never listed the person: where, since when they name them, and when they were last delivered."""
        named, newest = _times(self.cleaned), _times(self.kept)
        return [(place, min(named[place]), max(newest[place])) for place in sorted(named.keys() - {at.place for at in self.known})]


async def find(db: Connection, organization_id: OrganizationId, person: Person, *, hasher: Hasher, mentions: Mentions) -> Found:
    """Follow a person from what is known of them to all that is: `person` grows with it."""
    documents: dict[Place, list[KeptDocument]] = {}
    while True:
        known = await _known_at(db, organization_id, person)
        places = {at.place for at in known}
        for email in person.emails:
            places |= await mentions.of(db, email)
        documents |= await store.documents_of(db, places - documents.keys())
        kept = [document for several in documents.values() for document in several]
        if not person.known_more(_listed(kept, person, hasher)):
            return Found(known=known, kept=kept, cleaned=_cleaned(kept, person))


async def _known_at(db: Connection, organization_id: OrganizationId, person: Person) -> list[KnownAt]:
    """Every place of the person: followed from mailboxes to ids and from ids to mailboxes, since each of them is theirs."""
    while True:
        found = await store.people_of(db, organization_id, person.mailboxes, person.ids)
        mailboxes = {at.email_hash for at in found if at.email_hash}
        if not person.known_more(Person(mailboxes=mailboxes, ids={at.prospect_id for at in found})):
            return sorted(found, key=lambda at: (at.search_id, at.company_id, at.prospect_id))


def _listed(documents: Iterable[KeptDocument], person: Person, hasher: Hasher) -> Person:
    """What documents tell of a person: how their mailboxes are written, and the ids of those who had them until lately.

    These are known by their present address, but a walk may still show the former.
    """
    hash_of = cache(hasher.email)
    listed = Person()
    for document in documents:
        for prospect in document.content.prospects:
            mailbox = mailbox_of(prospect)
            digest = hash_of(mailbox)
            if mailbox and digest and (digest in person.mailboxes or prospect.id in person.ids):
                listed.mailboxes.add(digest)
                listed.emails.add(mailbox)
                listed.ids.add(ProspectId(prospect.id))
    return listed


def _cleaned(documents: Iterable[KeptDocument], person: Person) -> list[KeptDocument]:
    """Those of the documents that name the person, without them."""
    kept = list(documents)
    traces = traces_of((document.content for document in kept), person.ids, emails=person.emails)
    pairs = ((document, scrubbed(document.content, person.ids, traces)) for document in kept)
    return [document.with_content(content) for document, content in pairs if content != document.content]


def _times(documents: Iterable[KeptDocument]) -> dict[Place, list[datetime]]:
    times: dict[Place, list[datetime]] = defaultdict(list)
    for document in documents:
        times[document.place].append(document.delivered_at)
    return times
