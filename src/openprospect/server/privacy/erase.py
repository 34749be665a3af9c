"""Erasing a person for good: out of every document of the organization, and onto the list that keeps them out. One transaction."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from msgspec import structs

from openprospect.server.access.model import OrganizationId
from openprospect.server.core.errors import InvalidInput
from openprospect.server.core.ids import new_id
from openprospect.server.db import history
from openprospect.server.db.pool import Connection
from openprospect.server.feed import store as feed
from openprospect.server.feed.model import CompanyId, ProspectId
from openprospect.server.feed.rows.document import content_hash, parsed, stamped
from openprospect.server.feed.rows.hashes import Hasher
from openprospect.server.feed.rows.identity import bare_email, email_key, is_email
from openprospect.server.feed.rows.scrub import scrubbed, traces_of
from openprospect.server.feed.wire import DeliveredCompany
from openprospect.server.feed.writing.append import Change, append
from openprospect.server.privacy import store
from openprospect.server.privacy.log import LoggedErasure
from openprospect.server.privacy.model import ErasureId, ErasurePolicy, KnownAt
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


async def erase(db: Connection, organization_id: OrganizationId, subject: Subject, *, actor: str, policy: ErasurePolicy) -> ErasureId:
    """Erase a person in every search of the organization, in the caller's transaction. Asking again answers the same."""
    hasher = await feed.hold_organization_alone(db, organization_id)
    mailboxes, ids = await _sought(db, organization_id, subject, hasher)
    known, heads = await _hold(db, organization_id, mailboxes, ids)
    subject_hash = subject.hash(hasher)
    if not known:
        earlier = await store.erasure_of_subject(db, organization_id, subject_hash)
        if earlier is not None:
            return earlier
    erasure = LoggedErasure(
        id=new_id(),
        organization_id=organization_id,
        at=datetime.now(UTC),
        actor=actor,
        subject_hash=subject_hash,
        prospect_ids=sorted(ids | {at.prospect_id for at in known}),
        marks=sorted(_marks_of(subject, hasher) | _marks_at(known, hasher)),
    )
    await _carry_out(db, erasure, known, heads, policy)
    return ErasureId(erasure.id)


async def erase_again(db: Connection, erasure: LoggedErasure, *, policy: ErasurePolicy) -> bool:
    """Carry out an erasure that the database does not know, because it is older; whether there was anything to do."""
    organization_id = OrganizationId(erasure.organization_id)
    if not await store.lacks_erasure(db, organization_id, ErasureId(erasure.id)):
        return False
    hasher = await feed.hold_organization_alone(db, organization_id)
    known, heads = await _hold(db, organization_id, erasure.mailboxes, {ProspectId(number) for number in erasure.prospect_ids})
    marks = {*erasure.marks, *_marks_at(known, hasher)}
    await _carry_out(db, structs.replace(erasure, marks=sorted(marks)), known, heads, policy)
    return True


async def reach(db: Connection, organization_id: OrganizationId, subject: Subject) -> list[KnownAt]:
    """Where an erasure would find the person; changes nothing."""
    hasher = await feed.hasher_of(db, organization_id)
    return await _known_at(db, organization_id, *await _sought(db, organization_id, subject, hasher))


async def _sought(db: Connection, organization_id: OrganizationId, subject: Subject, hasher: Hasher) -> tuple[set[bytes], set[ProspectId]]:
    """The mailboxes and prospect ids to begin with."""
    if subject.prospect_id:
        return set(), {subject.prospect_id}
    email_hash = hasher.email(subject.email)
    return {email_hash} if email_hash else set(), await _known_by_former_email(db, organization_id, subject.email)


async def _hold(
    db: Connection, organization_id: OrganizationId, mailboxes: Set[bytes], ids: Set[ProspectId]
) -> tuple[list[KnownAt], dict[SearchId, feed.Head]]:
    """Where the person is, each of these feeds held until commit.

    All are held before anything is read from them, in one order: no withdrawal comes between, nobody waits in a circle.
    """
    searches = sorted({at.search_id for at in await _known_at(db, organization_id, mailboxes, ids)})
    heads = {search_id: await feed.lock_feed(db, search_id) for search_id in searches}
    return await _known_at(db, organization_id, mailboxes, ids), heads


async def _carry_out(
    db: Connection, erasure: LoggedErasure, known: Sequence[KnownAt], heads: Mapping[SearchId, feed.Head], policy: ErasurePolicy
) -> None:
    organization_id, erasure_id, actor = OrganizationId(erasure.organization_id), ErasureId(erasure.id), erasure.actor
    await store.add_erasure(
        db, erasure_id, organization_id=organization_id, subject_hash=erasure.subject_hash, actor=actor, deadline=policy.deadline
    )
    for search_id, group in groupby(known, key=lambda at: at.search_id):
        places = list(group)
        gone_at = await _erase_in_search(db, organization_id, search_id, places, head=heads[search_id], actor=actor)
        await store.add_places(db, erasure_id, [(at, gone_at.get(at.company_id, at.left_at or heads[search_id].free_at)) for at in places])
    await store.forget_answers(db, organization_id)
    await store.suppress(db, organization_id, set(erasure.marks))
    await history.record(db, organization_id, actor=actor, action="person erased", details={"erasure_id": str(erasure_id)})
    if policy.log:
        await policy.log.add(erasure)


async def _known_at(db: Connection, organization_id: OrganizationId, mailboxes: Set[bytes], ids: Set[ProspectId]) -> list[KnownAt]:
    """Every place of the person: followed from mailboxes to ids and from ids to mailboxes, since each of them is theirs."""
    places: dict[tuple[SearchId, CompanyId, ProspectId], KnownAt] = {}
    mailboxes, ids = set(mailboxes), set(ids)
    followed: set[bytes | ProspectId] = set()
    while (mailboxes | ids) - followed:
        found = await store.people_of(db, organization_id, mailboxes, ids)
        followed = mailboxes | ids
        places = {(at.search_id, at.company_id, at.prospect_id): at for at in found}
        mailboxes |= {at.email_hash for at in found if at.email_hash}
        ids |= {at.prospect_id for at in found}
    return [places[key] for key in sorted(places)]


async def _known_by_former_email(db: Connection, organization_id: OrganizationId, email: str | None) -> set[ProspectId]:
    """Those who had this address until lately: what they are known by is their present one, but a walk may still show the former."""
    key = email_key(email or "")
    documents = await store.superseded_documents(db, organization_id, containing=bare_email(email or ""))
    people = (person for document in documents for person in parsed(document).prospects)
    return {ProspectId(person.id) for person in people if person.email and email_key(person.email) == key}


async def _erase_in_search(
    db: Connection,
    organization_id: OrganizationId,
    search_id: SearchId,
    places: Sequence[KnownAt],
    *,
    head: feed.Head,
    actor: str,
) -> dict[CompanyId, datetime]:
    """Scrub what is kept, then deliver again those companies that still held the person; answers when, for each of these."""
    erased = {at.prospect_id for at in places}
    current = await _scrub(db, search_id, {at.company_id for at in places}, erased)
    holding = {at.company_id for at in places if at.left_at is None}
    known = await feed.known_companies(db, search_id, ids=holding)
    changes = [
        Change.of_known(company, current[company.position], content_hash=content_hash(current[company.position]))
        for company in sorted(known, key=lambda company: company.position)
    ]
    states = await append(db, search_id, changes, head=head)
    await store.forget_people(db, search_id, [(at.company_id, at.prospect_id) for at in places])
    await store.note_erasure(db, search_id)
    events = [(actor, at.company_id, "person erased", {"prospect_id": str(at.prospect_id)}) for at in places]
    await history.record_companies(db, organization_id, search_id, events)
    return {state.id: state.delivered_at for state in states}


async def _scrub(db: Connection, search_id: SearchId, company_ids: set[CompanyId], erased: set[ProspectId]) -> dict[int, DeliveredCompany]:
    """Rewrite every kept document of the companies without the people; answers the scrubbed documents by position.

    Each keeps its own time: a walk shows the slot as it was, without the person.
    """
    rows = await store.documents_of(db, search_id, company_ids)
    documents = {row["position"]: parsed(row["document"]) for row in rows}
    traces = traces_of(documents.values(), erased)
    clean = {position: scrubbed(document, erased, traces) for position, document in documents.items()}
    texts = [(row["position"], stamped(clean[row["position"]], row["delivered_at"])) for row in rows]
    await store.rewrite_documents(db, search_id, texts)
    return clean


def _marks_of(subject: Subject, hasher: Hasher) -> set[tuple[str, bytes]]:
    """What keeps the person from coming back as they were named."""
    email_hash = hasher.email(subject.email)
    marks = {("email", email_hash)} if email_hash else set()
    return marks | ({("prospect", hasher.prospect(subject.prospect_id))} if subject.prospect_id else set())


def _marks_at(known: Sequence[KnownAt], hasher: Hasher) -> set[tuple[str, bytes]]:
    """What keeps the person from coming back in whichever way a producer names them."""
    marks: set[tuple[str, bytes]] = set()
    for at in known:
        if at.email_hash is not None:
            marks.add(("email", at.email_hash))
        marks.add(("prospect", hasher.prospect(at.prospect_id)))
        kind = "name" if at.email_hash else "name without email"
        marks.add((kind, hasher.name_at(at.company_id, at.name_hash)))
    return marks
