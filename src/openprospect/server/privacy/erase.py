"""Erasing a person for good: out of every document of the organization, and onto the list that keeps them out. One transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter

from msgspec import structs

from openprospect.server.access.model import OrganizationId
from openprospect.server.core.errors import InvalidInput
from openprospect.server.core.ids import new_id
from openprospect.server.db import history
from openprospect.server.db.pool import Connection, Database
from openprospect.server.feed import store as feed
from openprospect.server.feed.model import CompanyId, ProspectId
from openprospect.server.feed.rows.document import content_hash
from openprospect.server.feed.rows.hashes import Hasher
from openprospect.server.feed.rows.identity import bare_email, is_email
from openprospect.server.feed.writing.append import Change, append, head_after
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.privacy import store
from openprospect.server.privacy.finding import ErasedPerson, Finding, Found
from openprospect.server.privacy.log import LoggedErasure
from openprospect.server.privacy.model import ErasedAt, ErasureId, ErasurePolicy, KeptDocument
from openprospect.server.privacy.one_log import write_down
from openprospect.server.privacy.reading import chunked
from openprospect.server.privacy.spelling import Spellings
from openprospect.server.searches.model import SearchId


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom to erase: exactly one of the two is given."""

    email: str | None = None
    prospect_id: ProspectId | None = None

    def __post_init__(self) -> None:
        if (self.email is None) == (self.prospect_id is None):
            raise InvalidInput("Name the person by email or by prospect_id, by one of them.")
        if self.email is not None and not is_email(bare_email(self.email)):
            raise InvalidInput("email must be one e-mail address, such as name@example.com.", field="email")

    def hash(self, hasher: Hasher) -> bytes:
        digest = hasher.email(self.email) if self.email else None
        return digest or hasher.prospect(self.prospect_id or ProspectId(new_id()))

    def marks(self, hasher: Hasher) -> set[bytes]:
        """What on the suppression list keeps them out, as they are named here."""
        return {hasher.domain_of(bare_email(self.email)), self.hash(hasher)} if self.email else {self.hash(hasher)}

    def person(self, hasher: Hasher) -> ErasedPerson:
        """What is known of them to begin with."""
        email_hash = hasher.email(self.email)
        return ErasedPerson(
            mailboxes={email_hash} if email_hash else set(),
            ids={self.prospect_id} if self.prospect_id else set(),
            emails={bare_email(self.email).lower()} if self.email else set(),
        )


async def erase(
    database: Database, writing: Writing, organization_id: OrganizationId, subject: Subject, *, actor: str, policy: ErasurePolicy
) -> ErasureId:
    """Erase a person in every search of the organization. Raises Busy where others change its feeds for too long.

    Asking again answers the same, unless the person is there again, or was let in again meanwhile.
    """
    finding = Finding(organization_id, subject.person)
    # Every document is read for them, which takes its time where there are many: nobody waits for it, and it uses up nobody's patience.
    await writing.beforehand(organization_id, lambda: finding.find(database))
    return await writing.alone(
        organization_id, lambda db: erase_found(db, organization_id, subject, actor=actor, policy=policy, finding=finding)
    )


async def erase_found(
    db: Connection, organization_id: OrganizationId, subject: Subject, *, actor: str, policy: ErasurePolicy, finding: Finding
) -> ErasureId:
    """The same in the caller's transaction, once the person was looked for: what is new since is looked through while others wait."""
    hasher = await feed.hold_organization_alone(db, organization_id)
    found = await finding.find(db)
    subject_hash = subject.hash(hasher)
    marks = _marks_of(subject, hasher) | _marks_at(found, hasher)
    if not found.places:
        earlier = await store.erasure_of_subject(db, organization_id, subject_hash)
        if earlier is not None and await _are_listed(db, organization_id, marks):
            return earlier
    erasure = LoggedErasure(
        id=new_id(),
        organization_id=organization_id,
        at=datetime.now(UTC),
        actor=str(actor),
        subject_hash=subject_hash,
        prospect_ids=sorted(found.person.ids),
        marks=sorted(marks),
    )
    await _carry_out(db, erasure, found, actor=actor, policy=policy)
    return ErasureId(erasure.id)


async def erase_again(db: Connection, erasure: LoggedErasure, *, spellings: Spellings, policy: ErasurePolicy) -> None:
    """Carry out an erasure that the database does not know, because it is older."""
    organization_id = OrganizationId(erasure.organization_id)
    hasher = await feed.hold_organization_alone(db, organization_id)
    person = ErasedPerson(
        mailboxes=erasure.mailboxes,
        ids={ProspectId(number) for number in erasure.prospect_ids},
        emails=set().union(*(spellings.get(mailbox, ()) for mailbox in erasure.mailboxes)),
    )
    found = await Finding(organization_id, lambda _: person).find(db)
    marks = {*erasure.marks, *_marks_at(found, hasher)}
    await _carry_out(db, structs.replace(erasure, marks=sorted(marks)), found, actor=erasure.actor, policy=policy)


async def _carry_out(db: Connection, erasure: LoggedErasure, found: Found, *, actor: str, policy: ErasurePolicy) -> None:
    organization_id, erasure_id = OrganizationId(erasure.organization_id), ErasureId(erasure.id)
    await store.add_erasure(db, erasure_id, organization_id=organization_id, subject_hash=erasure.subject_hash, actor=actor)
    # In one order, so that nobody waits in a circle. Nothing was delivered or withdrawn since the organization is held.
    heads = {search_id: await feed.lock_feed(db, search_id) for search_id in found.search_ids}
    for search_id, head in heads.items():
        places = await _erase_in_search(db, search_id, found.within(search_id), head=head)
        for portion in chunked(places):
            await _note_places(db, erasure, search_id, portion, actor=actor)
        await store.note_erasure(db, search_id)
    await store.suppress(db, organization_id, set(erasure.marks))
    await history.record(db, organization_id, actor=actor, action="person erased", details={"erasure_id": str(erasure_id)})
    if policy.log:
        await write_down(db, policy.log, erasure)
    # Whoever logs pushes, of any tenant, waits for this: not for the disk of the log as well.
    await store.forget_webhook_answers(db, organization_id)
    await store.date_erasure(db, erasure_id, deadline=policy.deadline)


async def _note_places(db: Connection, erasure: LoggedErasure, search_id: SearchId, places: Sequence[ErasedAt], *, actor: str) -> None:
    await store.add_places(db, ErasureId(erasure.id), places)
    people = ((at.place[1], {"prospect_id": str(at.prospect_id)} if at.prospect_id else None) for at in places)
    events = [(actor, company_id, "person erased", details) for company_id, details in people]
    await history.record_companies(db, erasure.organization_id, search_id, events)


async def _erase_in_search(db: Connection, search_id: SearchId, found: Found, *, head: feed.Head) -> list[ErasedAt]:
    """Scrub what is kept, then deliver again those companies whose present document it changed; answers from where the person is gone."""
    delivered_again = await _deliver_again(db, search_id, sorted(found.cleaned, key=attrgetter("position")), head=head)
    await store.forget_people(db, search_id, [(at.company_id, at.prospect_id) for at in found.known])
    listed = [
        ErasedAt(
            place=at.place,
            prospect_id=at.prospect_id,
            delivered_at=at.delivered_at,
            gone_at=delivered_again.get(at.company_id) or at.left_at or head.free_at,
        )
        for at in found.known
    ]
    return listed + [
        ErasedAt(place=place, prospect_id=None, delivered_at=since, gone_at=delivered_again.get(place[1], until))
        for place, since, until in found.only_named()
    ]


async def _deliver_again(
    db: Connection, search_id: SearchId, cleaned: Sequence[KeptDocument], *, head: feed.Head
) -> dict[CompanyId, datetime]:
    """When each company was."""
    delivered_again: dict[CompanyId, datetime] = {}
    for portion in chunked(cleaned, bytes_of=lambda document: len(document.text)):
        await store.rewrite_documents(db, search_id, portion)
        states = await append(db, search_id, await _changes(db, search_id, portion), head=head)
        head = head_after(states, head)
        delivered_again |= {state.id: state.delivered_at for state in states}
    return delivered_again


async def _changes(db: Connection, search_id: SearchId, cleaned: Sequence[KeptDocument]) -> list[Change]:
    """Those of the documents that are the present ones, as they are delivered again: in the same order, what is withdrawn as a removal."""
    contents = {document.position: document.content for document in cleaned}
    known = await feed.known_companies(db, search_id, ids={document.company_id for document in cleaned})
    return [
        Change.of_known(company, contents[company.position], content_hash=company.content_hash and content_hash(contents[company.position]))
        for company in sorted(known, key=lambda company: company.position)
        if company.position in contents
    ]


async def _are_listed(db: Connection, organization_id: OrganizationId, marks: set[tuple[str, bytes]]) -> bool:
    """Whether all of the marks are on the list."""
    return marks <= await feed.suppressed(db, organization_id, {digest for _, digest in marks})


def _marks_of(subject: Subject, hasher: Hasher) -> set[tuple[str, bytes]]:
    """What keeps the person from coming back as they were named."""
    email_hash = hasher.email(subject.email)
    marks = {("email", email_hash)} if email_hash else set()
    return marks | ({("prospect", hasher.prospect(subject.prospect_id))} if subject.prospect_id else set())


def _marks_at(found: Found, hasher: Hasher) -> set[tuple[str, bytes]]:
    """What keeps the person from coming back in whichever way a producer names them."""
    marks = {("email", mailbox) for mailbox in found.person.mailboxes}
    for at in found.known:
        marks.add(("prospect", hasher.prospect(at.prospect_id)))
        kind = "name" if at.email_hash else "name without email"
        marks.add((kind, hasher.name_at(at.company_id, at.name_hash)))
    return marks
