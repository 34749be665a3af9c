"""What the capacity suite measures on: a big feed, one that was churned, and one of ten thousand companies of each kind."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from bench.capacity.fill import fill
from bench.feed import churn, companies, deliver, new_key, open_search
from bench.model import Size
from bench.read.data import CONSUMERS, Data, described, named
from openprospect.server.db.migrate import migrate
from openprospect.server.db.pool import Database

SMALL = 10_000
_SMOKE = 1_000
_CHURNED_SHARE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """`published` and `wal_bytes` are of one feed's delivery by the service's own publishing; `companies` counts those of every feed."""

    data: Data
    companies: int
    published: int
    wal_bytes: int


async def build(dsn: str, size: Size) -> Built:
    """The small feeds are published; the big ones are copies of a small one: as many as asked for, and a fifth as many that are churned."""
    small = _SMOKE if size.is_smoke else SMALL
    copies = max(size.companies // small, 1)
    churned_copies = max(copies // _CHURNED_SHARE, 2)
    await migrate(dsn)
    async with await Database.open(dsn) as database:
        keys = [await new_key(database, f"consumer {number}") for number in range(CONSUMERS)]
        searches = [await open_search(database) for _ in range(4)]
        source, small_churned, big, big_churned = [UUID(str(search.id)) for search in searches]
        wal_bytes = -await _wal_position(dsn)
        await deliver(database, searches[0], companies(small))
        wal_bytes += await _wal_position(dsn)
        await churn(database, searches[1], await deliver(database, searches[1], companies(small)))
        await fill(dsn, source=source, feeds={big: (copies, False), big_churned: (churned_copies, True)})
        feeds = [await described(database, search) for search in (big, source, big_churned, small_churned)]
    counts = (copies * small, small, churned_copies * small, small)
    names = [named(count, is_churned=place > 1) for place, count in enumerate(counts)]
    data = Data(
        dsn=dsn,
        organization_id=str(searches[0].organization_id),
        keys=keys,
        main=feeds[0],
        sized=dict(zip(names, feeds, strict=True)),
    )
    return Built(data=data, companies=sum(counts), published=small, wal_bytes=wal_bytes)


async def _wal_position(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        position: int = await connection.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        return int(position)
    finally:
        await connection.close()
