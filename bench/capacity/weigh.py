"""What a company takes on disk, table by table and index by index."""

import asyncpg

from bench.model import Figure

OURS = "openprospect"
_BYTES = "bytes/company"
_LEAST = 0.5
_SIZES = """
SELECT owner.relname AS owner, part.relname AS name, pg_relation_size(part.oid) AS bytes
FROM pg_class AS part LEFT JOIN pg_index ON indexrelid = part.oid JOIN pg_class AS owner ON owner.oid = coalesce(indrelid, part.oid)
WHERE part.relnamespace = 'public'::regnamespace AND part.relkind IN ('r', 'i')
ORDER BY sum(pg_relation_size(part.oid)) OVER (PARTITION BY owner.oid) DESC, owner.relname, part.relkind DESC, bytes DESC
"""


async def weights(dsn: str, companies: int) -> list[Figure]:
    """Of everything that takes at least half a byte a company, then the sum of all."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(_SIZES)
    finally:
        await connection.close()
    figures = [
        _figure(row["owner"], "its rows" if row["name"] == row["owner"] else row["name"], row["bytes"] / companies)
        for row in rows
        if row["bytes"] / companies >= _LEAST
    ]
    return [*figures, _figure("everything", "", sum(row["bytes"] for row in rows) / companies)]


def written(wal_bytes: int, companies: int) -> Figure:
    """The write-ahead log of a delivery."""
    return _figure("write-ahead log", "of a delivery", wal_bytes / companies)


def _figure(owner: str, part: str, value: float) -> Figure:
    return Figure(case=f"{owner}: {part}".removesuffix(": "), subject=OURS, values={_BYTES: value})
