"""Millions of companies within minutes: what was published once, copied inside the database under other ids, times and hashes.

What comes out is what publishing would have left: finished documents, keys, hashes of people, history, tally. Only the indexes of random
hashes are made anew afterwards, as after a bulk load, and are denser than those that grew.
"""

from uuid import UUID

import asyncpg

_COPIES_AT_ONCE = 20
_HASHED = ("company_identity", "prospect_email")

# Each published company in parts, around its id and its time.
_PARTS = """
CREATE TEMP TABLE part AS
SELECT company.position AS n, id, source_id, identity, content_hash,
    substr(document, 44, place - 44) AS middle, substr(document, place + 27) AS rest
FROM company JOIN delivery USING (prospect_search_id, position)
CROSS JOIN LATERAL (SELECT strpos(document, '"delivered_at":"') + 16 AS place) AS stamp
WHERE company.prospect_search_id = '{source}'
"""
_PEOPLE = "CREATE TEMP TABLE somebody AS SELECT * FROM prospect WHERE prospect_search_id = '{source}'"
# Companies of some copies. Where the feed is churned, a tenth came again and a tenth was withdrawn: they stand at its end.
_COPIES = """
CREATE TEMP TABLE copy AS
SELECT *, $3::timestamptz - ($4::bigint - position) * interval '100 microseconds' AS at FROM (
    SELECT (lpad(to_hex(k), 8, '0') || substr(id::text, 9))::uuid AS id, id AS original, source_id || '-' || k AS source_id,
        substr(sha256(identity || k::text::bytea), 1, 16) AS identity, content_hash, middle, rest,
        $5::boolean AND n % 10 = 5 AS is_removal,
        CASE WHEN $5 AND n % 5 = 0 THEN $6::bigint + (k * $7::bigint + n) / 5 ELSE k * $7 + n END AS position, k
    FROM part, generate_series($1::integer, $2::integer) AS k
) AS placed
"""
_ROWS = """
INSERT INTO delivery (prospect_search_id, position, delivered_at, company_id, is_removal, document)
SELECT '{search}', position, at, id, is_removal, CASE WHEN is_removal
    THEN format('{{"id":"%s","name":"%s","prospects":[],"delivered_at":"%s","removed_at":"%s"}}', id, source_id, stamp, stamp)
    ELSE '{{"id":"' || id || middle || stamp || rest END
FROM copy, LATERAL (SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS stamp) AS written ORDER BY position;
INSERT INTO company (prospect_search_id, id, identity, source_id, position, delivered_at, content_hash, prospects)
SELECT '{search}', id, identity, source_id, position, at,
    CASE WHEN NOT is_removal THEN content_hash END, CASE WHEN is_removal THEN 0 ELSE 3 END
FROM copy ORDER BY id;
INSERT INTO prospect (prospect_search_id, company_id, id, email_hash, name_hash, delivered_at, left_at)
SELECT '{search}', copy.id, (lpad(to_hex(k), 8, '0') || substr(somebody.id::text, 9))::uuid,
    substr(sha256(email_hash || k::text::bytea), 1, 16), name_hash, at, CASE WHEN is_removal THEN at END
FROM copy JOIN somebody ON somebody.company_id = copy.original ORDER BY copy.id, somebody.id;
INSERT INTO history (organization_id, prospect_search_id, company_id, actor, action)
SELECT organization_id, '{search}', copy.id, 'bench', 'delivered'
FROM copy JOIN prospect_search ON prospect_search.id = '{search}' ORDER BY copy.position;
DROP TABLE copy
"""
_TALLY = """
INSERT INTO tally (prospect_search_id, level, block, deliveries)
SELECT prospect_search_id, level, position >> 7 * (level + 1), count(*) FROM delivery, generate_series(0, 2) AS level
WHERE prospect_search_id = $1 GROUP BY 1, 2, 3
ON CONFLICT (prospect_search_id, level, block) DO UPDATE SET deliveries = excluded.deliveries
"""
_HEAD = """
UPDATE prospect_search SET position = last.position, watermark = last.at, live_companies = $2::bigint, live_prospects = 3 * $2::bigint
FROM (SELECT max(position) AS position, max(delivered_at) AS at FROM delivery WHERE prospect_search_id = $1) AS last WHERE id = $1
"""


async def fill(dsn: str, *, source: UUID, feeds: dict[UUID, tuple[int, bool]]) -> None:
    """Fill each feed with so many copies of the source, churned or not."""
    connection = await asyncpg.connect(
        dsn, server_settings={"jit": "off", "timezone": "UTC", "work_mem": "512MB", "maintenance_work_mem": "1GB"}
    )
    try:
        for copied in (_PARTS, _PEOPLE):
            await connection.execute(copied.format(source=source))
        await connection.execute("ANALYZE part, somebody")
        definitions = [await connection.fetchval("SELECT pg_get_indexdef($1::regclass)", name) for name in _HASHED]
        await connection.execute(f"DROP INDEX {', '.join(_HASHED)}")
        for search, (copies, is_churned) in feeds.items():
            await _copy(connection, search, copies, is_churned=is_churned)
        for definition in definitions:
            await connection.execute(definition)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _copy(connection: "asyncpg.Connection[asyncpg.Record]", search: UUID, copies: int, *, is_churned: bool) -> None:
    size = await connection.fetchval("SELECT count(*) FROM part")
    total, now = copies * size, await connection.fetchval("SELECT now()")
    last = total + total // 5 + 1
    for first in range(0, copies, _COPIES_AT_ONCE):
        until = min(first + _COPIES_AT_ONCE, copies) - 1
        await connection.execute(_COPIES, first, until, now, last, is_churned, total, size)
        await connection.execute(_ROWS.format(search=search))
    await connection.execute(_TALLY, search)
    await connection.execute(_HEAD, search, total - (total // 10 if is_churned else 0))
