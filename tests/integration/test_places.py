"""Any offset is found by the tally, in a feed of which a fifth was delivered again or withdrawn."""

import json
from uuid import UUID

import asyncpg
import pytest

from openprospect.server.core.ids import new_id

COUNT = 3_000


@pytest.fixture
async def connection(dsn):
    connection = await asyncpg.connect(dsn, server_settings={"plan_cache_mode": "force_generic_plan"})
    yield connection
    await connection.close()


async def feed_of(connection, count: int) -> UUID:
    """A feed whose every fifth company was delivered again, and every fiftieth withdrawn instead."""
    search_id = new_id()
    await connection.execute(
        "INSERT INTO prospect_search (id, organization_id, name) SELECT $1, id, 'feed' FROM organization WHERE name = 'default'", search_id
    )
    await connection.execute(
        f"""
        INSERT INTO delivery (prospect_search_id, position, delivered_at, company_id, superseded_at, is_removal, document)
        SELECT '{search_id}', n, '2026-01-01Z'::timestamptz + n * interval '1 ms', gen_random_uuid(),
            CASE WHEN n <= {count} AND n % 5 = 0 THEN '2026-02-01Z'::timestamptz END, n > {count} AND n % 10 = 0, n
        FROM generate_series(1, {count + count // 5}) AS n;
        INSERT INTO tally (prospect_search_id, level, block, deliveries)
        SELECT '{search_id}', level, position >> 7 * (level + 1), count(*) FROM delivery, generate_series(0, 2) AS level
        WHERE prospect_search_id = '{search_id}' AND superseded_at IS NULL GROUP BY 2, 3
        ON CONFLICT (prospect_search_id, level, block) DO UPDATE SET deliveries = excluded.deliveries;
        UPDATE prospect_search SET watermark = '2026-03-01Z', live_companies = (
            SELECT count(*) FROM delivery WHERE prospect_search_id = '{search_id}' AND superseded_at IS NULL AND NOT is_removal
        ) WHERE id = '{search_id}';
        ANALYZE
        """
    )
    return search_id


@pytest.mark.parametrize("since", [None, 500])
async def test_a_jump_finds_the_place_that_counting_up_to_it_finds(connection, client, since):
    search_id = await feed_of(connection, COUNT)
    counted = await connection.fetch(
        "SELECT position FROM delivery WHERE prospect_search_id = $1 AND superseded_at IS NULL AND position > $2"
        " AND NOT (is_removal AND $2 = 0) ORDER BY position",
        search_id,
        since or 0,
    )
    moment = f"'2026-01-01Z'::timestamptz + {since} * interval '1 ms'" if since else "NULL"
    for offset in (0, 1, 100, 127, 128, 1_000, 2_399, len(counted) - 1):
        found = await connection.fetchval(f"SELECT place_at($1, {moment}, '2026-03-01Z', $2)", search_id, offset)
        assert found == counted[offset]["position"], offset
    assert await connection.fetchval(f"SELECT place_at($1, {moment}, '2026-03-01Z', $2)", search_id, len(counted)) is None


async def test_a_jump_reads_as_little_of_a_large_feed_as_of_a_small_one(connection, client):
    blocks = [await blocks_read(connection, await feed_of(connection, count)) for count in (COUNT, 20 * COUNT)]
    assert blocks[1] < 2 * blocks[0]


async def blocks_read(connection, search_id: UUID) -> int:
    """How many blocks of tables and indexes a jump to the middle of the feed touches."""
    jump = f"SELECT place_at('{search_id}', NULL, '2026-03-01Z', (SELECT live_companies / 2 FROM prospect_search WHERE id = '{search_id}'))"
    await connection.execute(jump)  # what is read once to make a plan is not counted
    plan = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {jump}")
    top = json.loads(plan)[0]["Plan"]
    return int(top["Shared Hit Blocks"] + top["Shared Read Blocks"])
