"""Reads and writes erasures and suppressions. The caller owns the transaction."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import json

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.columns import columns
from openprospect.server.db.pool import Connection, Executor, Row
from openprospect.server.db.queries import beside
from openprospect.server.feed.model import CompanyId, ProspectId
from openprospect.server.privacy.model import ErasedAt, Erasure, ErasureId, FeedState, KeptDocument, KnownAt, Place, Recipient, Settlement
from openprospect.server.searches.model import SearchId

SQL = beside(__file__)

PositionRange = tuple[SearchId, int, int]
"""A part of a feed: after one position, up to another."""


async def people_of(
    db: Executor, organization_id: OrganizationId, email_hashes: Collection[bytes], ids: Collection[ProspectId]
) -> list[KnownAt]:
    return [_known_at(row) for row in await db.rows(SQL.people_of, organization_id, email_hashes, ids)]


async def feeds_of(db: Executor, organization_id: OrganizationId) -> dict[SearchId, FeedState]:
    """Each feed, up to where it is there."""
    rows = await db.rows(SQL.feeds_of, organization_id)
    return {row["id"]: FeedState(position=row["position"], erasures=row["erasures"]) for row in rows}


async def naming(db: Executor, stretches: Sequence[PositionRange], key: str) -> set[Place]:
    """Where an address may stand, as `email_key` writes it: wherever it does, and hardly anywhere else."""
    local, _, domain = key.rpartition("@")
    has_other_letters = "xn--" in domain or not domain.isascii()
    rows = await db.rows(SQL.naming, *columns(stretches, 3), local if local.isascii() else None, domain, has_other_letters)
    return {(row["prospect_search_id"], row["company_id"]) for row in rows}


async def contents(db: Executor, search_id: SearchId, *, after: int, until: int, documents: int, size: int) -> tuple[int | None, list[Any]]:
    """The next kept documents of a feed, as plain JSON: at most so many, and no more once they have so many bytes. And the last position of
    them, None at the end.
    """
    rows = await db.rows(SQL.contents, search_id, after, until, documents, size)
    return (rows[-1]["position"] if rows else None), [json.decode(row["document"]) for row in rows]


async def sizes_of(db: Executor, search_id: SearchId, company_ids: Collection[CompanyId]) -> Counter[CompanyId]:
    """How many bytes the kept documents of each company have."""
    return Counter({row["company_id"]: row["size"] for row in await db.rows(SQL.sizes_of, search_id, company_ids)})


async def documents_of(db: Executor, search_id: SearchId, company_ids: Collection[CompanyId]) -> list[KeptDocument]:
    """Every document kept of these companies, superseded ones too."""
    return [
        KeptDocument(
            search_id=search_id,
            company_id=row["company_id"],
            position=row["position"],
            delivered_at=row["delivered_at"],
            text=row["document"],
        )
        for row in await db.rows(SQL.documents_of, search_id, company_ids)
    ]


async def moved(db: Executor, search_id: SearchId, after: int) -> set[CompanyId]:
    """The companies that were delivered or withdrawn after a position."""
    return {row["company_id"] for row in await db.rows(SQL.moved, search_id, after)}


async def rewrite_documents(db: Connection, search_id: SearchId, documents: Sequence[KeptDocument]) -> None:
    """Replaces documents where they stand; each keeps its own time: a walk shows the slot as it was."""
    texts = [(document.position, document.text) for document in documents]
    await db.execute(SQL.rewrite_documents, search_id, *columns(texts, 2))


async def forget_people(db: Connection, search_id: SearchId, people: Sequence[tuple[CompanyId, ProspectId]]) -> None:
    await db.execute(SQL.forget_people, search_id, *columns(people, 2))


async def forget_webhook_answers(db: Connection, organization_id: OrganizationId) -> None:
    """What receivers answered to pushes of the organization, in the log and on its way there."""
    await db.execute(SQL.stop_answers, organization_id)
    await db.execute(SQL.forget_webhook_answers, organization_id)


async def note_erasure(db: Connection, search_id: SearchId) -> None:
    await db.execute(SQL.note_erasure, search_id)


async def suppress(db: Executor, organization_id: OrganizationId, marks: Collection[tuple[str, bytes]]) -> None:
    """Kinds and hashes."""
    await db.execute(SQL.suppress, organization_id, *columns(sorted(marks), 2))


async def unsuppress(db: Executor, organization_id: OrganizationId, hashes: Collection[bytes]) -> int:
    count: int = await db.value(SQL.unsuppress, organization_id, hashes)
    return count


async def organizations_among(db: Executor, ids: Collection[OrganizationId]) -> list[OrganizationId]:
    """Those that there are."""
    return [row["id"] for row in await db.rows(SQL.organizations_among, list(ids))]


async def suppressions(db: Executor, organization_id: OrganizationId) -> list[Row]:
    """kind, hash, created_at."""
    return await db.rows(SQL.suppressions, organization_id)


async def add_erasure(db: Connection, erasure_id: ErasureId, *, organization_id: OrganizationId, subject_hash: bytes, actor: str) -> None:
    await db.execute(SQL.add_erasure, erasure_id, organization_id, subject_hash, actor)


async def add_places(db: Connection, erasure_id: ErasureId, places: Sequence[ErasedAt]) -> None:
    """Where the person was known or named, and since when they are gone from there."""
    rows = [(*at.place, at.prospect_id, at.delivered_at, at.gone_at) for at in places]
    await db.execute(SQL.add_places, erasure_id, *columns(rows, 5))


async def date_erasure(db: Connection, erasure_id: ErasureId, *, deadline: timedelta) -> None:
    """It is of now. Nothing that is known by now to have been given out was given out after it."""
    await db.execute(SQL.date_erasure, erasure_id, deadline)
    await db.execute(SQL.date_steps, erasure_id)


async def erasure_of_subject(db: Executor, organization_id: OrganizationId, subject_hash: bytes) -> ErasureId | None:
    erasure_id: ErasureId | None = await db.value(SQL.erasure_of_subject, organization_id, subject_hash)
    return erasure_id


async def known_among(db: Executor, ids: Collection[UUID]) -> set[UUID]:
    """Those of the erasures that the database knows."""
    return {row["id"] for row in await db.rows(SQL.known_among, list(ids))}


async def erasure(db: Executor, erasure_id: ErasureId, organization_id: OrganizationId | None) -> Erasure | None:
    """With its recipients as they stand now; without an organization, anybody's."""
    return next(iter(await _erasures(db, [erasure_id], organization_id)), None)


async def erasures_of_person(
    db: Executor, organization_id: OrganizationId, hashes: Collection[bytes], ids: Collection[ProspectId]
) -> list[Erasure]:
    """Those that were of one of these, as they were named then, or that reached them under one of these ids; the newest first."""
    rows = await db.rows(SQL.erasures_of_person, organization_id, hashes, ids)
    return await _erasures(db, [row["id"] for row in rows], organization_id)


async def erasures(db: Executor) -> list[Erasure]:
    """Of every organization, the newest first, with their recipients as they stand now."""
    return await _erasures(db, None, None)


async def _erasures(db: Executor, erasure_ids: Collection[ErasureId] | None, organization_id: OrganizationId | None) -> list[Erasure]:
    rows = await db.rows(SQL.erasures, erasure_ids, organization_id)
    recipients: dict[ErasureId, list[Recipient]] = defaultdict(list)
    for recipient in await db.rows(SQL.recipients, [row["id"] for row in rows]):
        recipients[recipient["erasure_id"]].append(_recipient(recipient))
    return [Erasure(**row, recipients=tuple(recipients[row["id"]])) for row in rows]


async def recipients_since(db: Executor, first_at: Mapping[SearchId, datetime]) -> dict[str, datetime]:
    """Consumers that were given what stands in these feeds since then, by name, and when first."""
    rows = await db.rows(SQL.recipients_since, *columns(list(first_at.items()), 2))
    return {row["consumer"]: row["received_at"] for row in rows}


async def settle(db: Connection, erasure_id: ErasureId, consumer: str, *, reason: str, actor: str) -> OrganizationId | None:
    """Whose erasure that is; None where the recipient was settled before."""
    owner: OrganizationId | None = await db.value(SQL.settle, erasure_id, consumer, actor, reason)
    return owner


def _recipient(row: Row) -> Recipient:
    return Recipient(
        consumer=row["consumer"],
        received_at=row["received_at"],
        confirmed_at=row["confirmed_at"],
        settlement=row["settled_at"] and Settlement(at=row["settled_at"], actor=row["actor"], reason=row["reason"]),
    )


async def known_erasures(db: Executor) -> list[Row]:
    """id, organization_id, at, actor, subject_hash, prospect_ids, and the kinds of mark that keep its subject out."""
    return await db.rows(SQL.known_erasures)


async def known_lists(db: Executor) -> list[Row]:
    """organization_id, and its list as kinds and hashes, where there is none too."""
    return await db.rows(SQL.known_lists)


def _known_at(row: Row) -> KnownAt:
    return KnownAt(
        search_id=row["prospect_search_id"],
        company_id=row["company_id"],
        prospect_id=row["id"],
        email_hash=row["email_hash"],
        name_hash=row["name_hash"],
        delivered_at=row["delivered_at"],
        left_at=row["left_at"],
    )
