"""Taking delivered companies back, so that the plain incremental consumer learns of it in order."""

from collections.abc import Collection

from openprospect.server.db import history
from openprospect.server.db.pool import Connection
from openprospect.server.feed import store
from openprospect.server.feed.model import CompanyId
from openprospect.server.feed.rows.company_keys import source_id_digest
from openprospect.server.feed.rows.document import parse_document, removal_document
from openprospect.server.feed.rows.matching import KnownCompany
from openprospect.server.feed.writing.append import Change, append
from openprospect.server.feed.writing.suppression import admit_text
from openprospect.server.searches.model import Search


async def withdraw(
    db: Connection,
    search: Search,
    company_ids: Collection[CompanyId],
    *,
    source_ids: Collection[str] = (),
    reason: str | None,
    actor: str,
) -> list[KnownCompany]:
    """Withdraw those of the companies that are there, by our ids or the producer's; answers which.

    Each comes once more, empty, to whoever polls. A reason that names somebody on the suppression list is left out.
    """
    hasher = await store.hold_organization(db, search.organization_id)
    head = await store.lock_feed(db, search.id)
    known = await store.known_companies(db, search.id, ids=set(company_ids), identities=list(map(source_id_digest, source_ids)))
    live = [company for company in known if company.content_hash is not None]
    if not live:
        return []
    documents = await store.documents_at(db, search.id, [company.position for company in live])
    people = await store.known_people(db, search.id, [company.id for company in live])
    shown = await admit_text(db, search.organization_id, reason, hasher)
    changes = [
        Change.of_known(company, removal_document(parse_document(documents[company.position]), reason=shown), content_hash=None)
        for company in live
    ]
    states = await append(db, search.id, changes, head=head)
    gone = [(state.id, person.id, state.delivered_at) for state in states for person in people[state.id] if not person.has_left]
    await store.let_go_people(db, search.id, gone)
    events = [(actor, company.id, "withdrawn", None) for company in live]
    await history.record_companies(db, search.organization_id, search.id, events)
    return live
