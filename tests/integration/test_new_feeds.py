"""Right after a first large delivery, before the database has statistics, a request reads no more than later: a page's worth."""

import json

import asyncpg
import pytest

from openprospect.server.core.ids import new_id
from openprospect.server.feed.exporting import store as exporting
from openprospect.server.feed.reading import store as reading

COUNT = 20_000
SECRET = "\\x" + "ab" * 32
SINCE = f"'2026-01-01Z'::timestamptz + {COUNT // 2} * interval '1 ms'"
WATERMARK = "'2026-03-01Z'::timestamptz"
SCOPES = "ARRAY['companies:read', 'prospects:read']"
# A key and a search, as the statements for many take them.
ASKED = f"ARRAY['{SECRET}']::bytea[], ARRAY['{{search}}']::uuid[], ARRAY['companies:read prospects:read']"


@pytest.fixture
async def connection(dsn):
    connection = await asyncpg.connect(dsn, server_settings={"plan_cache_mode": "force_generic_plan"})
    yield connection
    await connection.close()


@pytest.fixture
async def search_id(connection):
    """A feed that came in one go, and that nothing has analysed."""
    search_id = new_id()
    kept = await connection.fetch("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^(delivery|tally)(_[0-9]|$)'")
    for row in kept:  # the tables themselves, or their partitions
        await connection.execute(f"ALTER TABLE {row['relname']} SET (autovacuum_enabled = off)")
    await connection.execute(
        f"""
        INSERT INTO prospect_search (id, organization_id, name, watermark, live_companies)
        SELECT '{search_id}', id, 'feed', {WATERMARK}, {COUNT} FROM organization WHERE name = 'default';
        INSERT INTO api_key (id, organization_id, name, secret_hash, scopes, is_live)
        SELECT '{new_id()}', id, 'reader', '{SECRET}', {SCOPES}, true FROM organization WHERE name = 'default';
        INSERT INTO delivery (prospect_search_id, position, delivered_at, company_id, superseded_at, is_removal, document)
        SELECT '{search_id}', n, '2026-01-01Z'::timestamptz + n * interval '1 ms', gen_random_uuid(), NULL, false, '{{}}'
        FROM generate_series(1, {COUNT}) AS n;
        INSERT INTO tally (prospect_search_id, level, block, deliveries)
        SELECT '{search_id}', level, position >> 7 * (level + 1), count(*) FROM delivery, generate_series(0, 2) AS level GROUP BY 2, 3
        """
    )
    return search_id


async def blocks_read(connection, statement: str, arguments: str) -> int:
    """How many blocks of tables and indexes a statement touches, run as the service runs it."""
    await connection.execute(f"PREPARE asked AS {statement}")
    await connection.execute(f"EXECUTE asked ({arguments})")  # what is read once to make a plan is not counted
    plan = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE asked ({arguments})")
    top = json.loads(plan)[0]["Plan"]
    return int(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


@pytest.mark.parametrize(
    ("statement", "arguments", "most"),
    [
        pytest.param(reading.SQL.pages, f"{ASKED}, ARRAY[NULL]::timestamptz[], ARRAY[50], ARRAY[true]", 100, id="first page"),
        pytest.param(reading.SQL.pages, f"{ASKED}, ARRAY[{SINCE}], ARRAY[50], ARRAY[false]", 100, id="page after a time"),
        pytest.param(
            reading.SQL.pages_at, f"{ASKED}, ARRAY[NULL]::timestamptz[], ARRAY[50], ARRAY[{COUNT // 2}]", 200, id="page at an offset"
        ),
        pytest.param(reading.SQL.pages_at, f"{ASKED}, ARRAY[{SINCE}], ARRAY[50], ARRAY[{COUNT // 4}]", 500, id="offset after a time"),
        pytest.param(exporting.SQL.export_batch, f"'{{search}}', {SINCE}, {WATERMARK}, true, 50, 1000000, NULL", 100, id="export"),
    ],
)
async def test_a_new_feed_is_read_by_the_page(connection, search_id, statement, arguments, most):
    # An offset is looked for in up to 128 blocks of the tally a level; the whole feed has thousands.
    assert await blocks_read(connection, statement, arguments.format(search=search_id)) < most


async def test_a_page_of_a_walk_is_read_past_the_walks_of_others(connection, search_id):
    await connection.execute(
        f"""
        INSERT INTO walk (
            prospect_search_id, consumer, watermark, total, next_offset, next_position, page_offset, page_position, reached_offset
        )
        SELECT '{search_id}'::uuid, 'consumer ' || n, {WATERMARK}, {COUNT}, 50, 51, 0, 1, 50 FROM generate_series(1, 20000) AS n
        UNION ALL SELECT '{search_id}', 'reader', {WATERMARK}, {COUNT}, 50, 51, 0, 1, 50
        """
    )
    arguments = f"{ASKED}, ARRAY[NULL]::timestamptz[], ARRAY[50], ARRAY[50]".format(search=search_id)
    assert await blocks_read(connection, reading.SQL.pages_at, arguments) < 100
