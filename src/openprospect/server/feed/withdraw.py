"""Taking delivered companies back, so that the plain incremental consumer learns of it in order."""

from collections.abc import Collection
from datetime import timedelta

from openprospect.server.db import history
from openprospect.server.db.pool import Connection
from openprospect.server.feed import store
from openprospect.server.feed.document import parsed, removal_document
from openprospect.server.feed.model import CompanyId
from openprospect.server.feed.store import CompanyState
from openprospect.server.searches.model import Search


async def withdraw(
    db: Connection, search: Search, company_ids: Collection[CompanyId], *, reason: str | None, actor: str
) -> list[CompanyId]:
    """Withdraw those of the companies that are there; answers which. Each comes once more, empty, to whoever polls."""
    head = await store.lock_feed(db, search.id)
    known = await store.known_companies(db, search.id, ids=set(company_ids), identities=())
    live = [company for company in known if company.content_hash is not None]
    if not live:
        return []
    documents = await store.documents_at(db, search.id, [company.position for company in live])
    people = await store.known_people(db, search.id, [company.id for company in live])
    states = [
        CompanyState(
            id=company.id,
            identity=company.identity,
            source_id=company.source_id,
            position=head.position + place + 1,
            delivered_at=head.free_at + place * timedelta(microseconds=1),
            content_hash=None,
            prospects=0,
        )
        for place, company in enumerate(live)
    ]
    rows = list(zip(live, states, strict=True))
    await store.append_deliveries(
        db,
        search.id,
        (
            (
                state.position,
                state.delivered_at,
                state.id,
                True,
                removal_document(parsed(documents[company.position]), removed_at=state.delivered_at, reason=reason),
            )
            for company, state in rows
        ),
    )
    await store.supersede(db, search.id, [(company.position, state.delivered_at) for company, state in rows])
    await store.update_companies(db, search.id, states)
    gone = [(state.id, person.id, state.delivered_at) for state in states for person in people[state.id] if not person.has_left]
    await store.let_go_people(db, search.id, gone)
    await store.move_head(
        db,
        search.id,
        position=states[-1].position,
        watermark=states[-1].delivered_at,
        companies=-len(live),
        prospects=-sum(company.prospects for company in live),
    )
    events = [(company.id, "withdrawn", None) for company in live]
    await history.record_companies(db, search.organization_id, search.id, actor=actor, events=events)
    return [company.id for company in live]
