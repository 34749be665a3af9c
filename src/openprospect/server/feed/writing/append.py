"""Putting companies at the end of a feed: the one place that gives out positions and times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from msgspec import UNSET

from openprospect.server.db.pool import Connection
from openprospect.server.feed import store
from openprospect.server.feed.model import CompanyId
from openprospect.server.feed.rows.document import encode_document
from openprospect.server.feed.rows.matching import KnownCompany
from openprospect.server.feed.store import CompanyState, Head
from openprospect.server.feed.wire import DeliveredCompany
from openprospect.server.searches.model import SearchId

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A company's next state; `known` is what it replaces, `content_hash` None where it is withdrawn."""

    id: CompanyId
    identity: bytes
    source_id: str | None
    known: KnownCompany | None
    document: DeliveredCompany
    content_hash: bytes | None

    @classmethod
    def of_known(cls, known: KnownCompany, document: DeliveredCompany, *, content_hash: bytes | None) -> "Change":
        return cls(
            id=known.id,
            identity=known.identity,
            source_id=known.source_id,
            known=known,
            document=document,
            content_hash=content_hash,
        )


async def append(db: Connection, search_id: SearchId, changes: Sequence[Change], *, head: Head) -> list[CompanyState]:
    """Append the changes in turn, one microsecond apart, under the lock that `head` stands for; answers the new states."""
    if not changes:
        return []
    states = [_state(change, place, head) for place, change in enumerate(changes)]
    moved = list(zip(changes, states, strict=True))
    await store.append_deliveries(
        db,
        search_id,
        (
            (state.position, state.delivered_at, state.id, _is_removal(change), encode_document(change.document, state.delivered_at))
            for change, state in moved
        ),
    )
    await store.add_companies(db, search_id, [state for change, state in moved if change.known is None])
    replaced = [(change.known.position, state) for change, state in moved if change.known]
    await store.supersede(db, search_id, [(position, state.delivered_at) for position, state in replaced])
    await store.update_companies(db, search_id, [state for _, state in replaced])
    await store.count_deliveries(
        db,
        search_id,
        current=[state.position for state in states],
        superseded=[position for position, _ in replaced],
    )
    await store.move_head(
        db,
        search_id,
        position=states[-1].position,
        watermark=states[-1].delivered_at,
        companies=sum(_is_live(state) - _is_live(change.known) for change, state in moved),
        prospects=sum(state.prospects - (change.known.prospects if change.known else 0) for change, state in moved),
    )
    return states


def head_after(states: Sequence[CompanyState], head: Head) -> Head:
    """The end of the feed once these were appended behind it."""
    if not states:
        return head
    last = states[-1]
    return Head(position=last.position, watermark=last.delivered_at, free_at=last.delivered_at + _TICK)


def _state(change: Change, place: int, head: Head) -> CompanyState:
    return CompanyState(
        id=change.id,
        identity=change.identity,
        source_id=change.source_id,
        position=head.position + place + 1,
        delivered_at=head.free_at + place * _TICK,
        content_hash=change.content_hash,
        prospects=len(change.document.prospects),
    )


def _is_live(company: CompanyState | KnownCompany | None) -> bool:
    return company is not None and company.content_hash is not None


def _is_removal(change: Change) -> bool:
    return change.document.removed_at is not UNSET
