"""Reads and writes the feed's tables. The caller owns the transaction."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from openprospect.server.access.model import OrganizationId
from openprospect.server.core.errors import Busy, NotFound
from openprospect.server.db.columns import columns
from openprospect.server.db.pool import Connection, Executor, Row
from openprospect.server.db.queries import beside
from openprospect.server.feed.model import CompanyId, ProspectId
from openprospect.server.feed.rows.hashes import Hasher
from openprospect.server.feed.rows.known_people import KnownPerson
from openprospect.server.feed.rows.matching import KnownCompany
from openprospect.server.searches.model import SearchId

SQL = beside(__file__)

_DELIVERY = ("prospect_search_id", "position", "delivered_at", "company_id", "is_removal", "document")
_COMPANY = ("prospect_search_id", "id", "identity", "source_id", "position", "delivered_at", "content_hash", "prospects")
_company = attrgetter(*_COMPANY[1:])
_PROSPECT = ("prospect_search_id", "company_id", "id", "email_hash", "name_hash", "delivered_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of a feed, held until commit."""

    position: int
    watermark: datetime
    free_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyState:
    """A company as of its newest delivery."""

    id: CompanyId
    identity: bytes
    source_id: str | None
    position: int
    delivered_at: datetime
    content_hash: bytes | None
    prospects: int


PresentPerson = tuple[CompanyId, ProspectId, bytes | None, bytes, datetime]
"""Somebody at a company: company, id, hashes of e-mail and name, time of the delivery."""

GonePerson = tuple[CompanyId, ProspectId, datetime]
"""Somebody no longer at a company: company, id, time of the delivery without them."""


async def hold_organization(db: Connection, organization_id: OrganizationId) -> Hasher:
    """Keep erasures out until commit; answers the organization's hasher. Raises Busy where one is under way, or next."""
    row = await db.row(SQL.hold_organization, organization_id)
    assert row is not None
    if not row["is_held"]:
        raise Busy
    return Hasher(row["hash_key"])


async def await_organization(db: Connection, organization_id: OrganizationId) -> None:
    """Keep erasures out until commit, once none is under way: for transactions that cannot be begun anew."""
    await db.value(SQL.await_organization, organization_id)


async def hold_organization_alone(db: Connection, organization_id: OrganizationId) -> Hasher:
    """Keep everybody who publishes out until commit."""
    return Hasher(await db.value(SQL.hold_organization_alone, organization_id))


async def hasher_of(db: Executor, organization_id: OrganizationId) -> Hasher:
    return Hasher(await db.value(SQL.organization_key, organization_id))


async def lock_feed(db: Connection, search_id: SearchId) -> Head:
    """Raises NotFound where the search is gone."""
    row = await db.row(SQL.lock_feed, search_id)
    if row is None:
        raise NotFound("This prospect search is gone.", code="PROSPECT_SEARCH_NOT_FOUND")
    return Head(**row)


async def known_companies(
    db: Connection, search_id: SearchId, *, ids: Collection[CompanyId], identities: Collection[bytes] = ()
) -> list[KnownCompany]:
    return [KnownCompany(**row) for row in await db.rows(SQL.known_companies, search_id, ids, identities)]


async def known_people(db: Connection, search_id: SearchId, company_ids: Collection[CompanyId]) -> dict[CompanyId, list[KnownPerson]]:
    people: dict[CompanyId, list[KnownPerson]] = defaultdict(list)
    for row in await db.rows(SQL.known_people, search_id, company_ids) if company_ids else ():
        person = KnownPerson(id=row["id"], email=row["email_hash"], name=row["name_hash"], has_left=row["has_left"])
        people[row["company_id"]].append(person)
    return people


async def suppressed(db: Executor, organization_id: OrganizationId, hashes: Collection[bytes]) -> set[tuple[str, bytes]]:
    """Those of the hashes that are on the list, each with its kind."""
    return {(row["kind"], row["hash"]) for row in await db.rows(SQL.suppressed, organization_id, hashes)}


async def has_suppressions(db: Connection, organization_id: OrganizationId) -> bool:
    answer: bool = await db.value(SQL.has_suppressions, organization_id)
    return answer


async def documents_at(db: Connection, search_id: SearchId, positions: Collection[int]) -> dict[int, str]:
    return {row["position"]: row["document"] for row in await db.rows(SQL.documents_at, search_id, positions)}


async def append_deliveries(db: Connection, search_id: SearchId, deliveries: Iterable[tuple[int, datetime, CompanyId, bool, str]]) -> None:
    """Position, time, company, whether it is a removal, document."""
    await db.copy("delivery", _DELIVERY, ((search_id, *delivery) for delivery in deliveries))


async def supersede(db: Connection, search_id: SearchId, replaced: Sequence[tuple[int, datetime]]) -> None:
    """Positions, and the time of what takes their place."""
    if replaced:
        await db.execute(SQL.supersede, search_id, *columns(replaced))


async def add_companies(db: Connection, search_id: SearchId, companies: Collection[CompanyState]) -> None:
    if companies:
        await db.copy("company", _COMPANY, ((search_id, *_company(company)) for company in companies))


async def update_companies(db: Connection, search_id: SearchId, companies: Sequence[CompanyState]) -> None:
    if companies:
        await db.execute(SQL.update_companies, search_id, *columns([_company(company) for company in companies]))


async def add_people(db: Connection, search_id: SearchId, people: Collection[PresentPerson]) -> None:
    """People of companies that are new."""
    if people:
        await db.copy("prospect", _PROSPECT, ((search_id, *person) for person in people))


async def keep_people(db: Connection, search_id: SearchId, people: Sequence[PresentPerson]) -> None:
    """People of companies that are known: some of them may be, too."""
    if people:
        await db.execute(SQL.keep_people, search_id, *columns(people))


async def let_go_people(db: Connection, search_id: SearchId, gone: Sequence[GonePerson]) -> None:
    if gone:
        await db.execute(SQL.let_go_people, search_id, *columns(gone))


async def count_deliveries(db: Connection, search_id: SearchId, *, current: Sequence[int], superseded: Sequence[int]) -> None:
    """Keep the tally of positions that became current, and of those that no longer are."""
    await db.execute(SQL.count_deliveries, search_id, [*current, *superseded], [1] * len(current) + [-1] * len(superseded))


async def move_head(db: Connection, search_id: SearchId, *, position: int, watermark: datetime, companies: int, prospects: int) -> None:
    """`companies` and `prospects` are differences."""
    await db.execute(SQL.move_head, search_id, position, watermark, companies, prospects)


async def head(db: Executor, search_id: SearchId, organization_id: OrganizationId) -> Row | None:
    return await db.row(SQL.head, search_id, organization_id)


async def clock(db: Executor) -> datetime:
    """What time it is for the database."""
    said: datetime = await db.value(SQL.clock)
    return said


async def note_served(
    db: Executor, machine: UUID, served: Sequence[tuple[SearchId, str, datetime | None, datetime | None, datetime, float]]
) -> dict[tuple[SearchId, str], tuple[datetime | None, datetime | None]]:
    """Search, consumer, since, until, at, and when on the machine's own clock; without `until` where nothing was given.

    Answers up to where they were given everything, and have confirmed it. Those whose search is not there are left out.
    """
    rows = await db.rows(SQL.note_served, machine, *columns(served))
    return {(row["prospect_search_id"], row["consumer"]): (row["whole_until"], row["confirmed_until"]) for row in rows}


async def note_confirmed(
    db: Executor, machine: UUID, claims: Sequence[tuple[SearchId, str, datetime, datetime, float, bool]]
) -> set[tuple[SearchId, str, datetime]]:
    """Search, consumer, until, at, when on the machine's own clock, whether it is known to have been served; answers those that moved
    something."""
    rows = await db.rows(SQL.note_confirmed, machine, *columns(claims))
    return {(row["prospect_search_id"], row["consumer"], row["until"]) for row in rows}


async def confirmed_until(db: Executor, search_id: SearchId, consumer: str) -> datetime | None:
    until: datetime | None = await db.value(SQL.confirmed_until, search_id, consumer)
    return until


async def latest_ahead(db: Connection) -> datetime | None:
    """Where the furthest feed ends, of those that are ahead of the database's clock."""
    until: datetime | None = await db.value(SQL.latest_ahead)
    return until


async def move_feeds_on(db: Connection) -> None:
    """From now; those that are ahead of the clock, from an hour after their end."""
    await db.execute(SQL.move_feeds_on)
