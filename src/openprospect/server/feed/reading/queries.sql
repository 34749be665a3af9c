-- pages :many
-- For each who asks, who that is, and a page of their feed as its watermark stands now: after a time, or all that is live. `companies` is JSON,
-- comma-separated. A row for each, whatever is found: no key, no caller; no watermark, no such feed of theirs.
SELECT asked.place, reader.*, page.*,
    CASE WHEN asked.begins_walk AND page.total > page.count THEN
        is_crowded(reader.search_id, reader.key_name, asked.since, reader.watermark, page.count)
    END AS is_begun
FROM unnest($1::bytea[], $2::uuid[], $3::text[], $4::timestamptz[], $5::integer[], $6::boolean[])
    WITH ORDINALITY AS asked (secret_hash, search, scopes, since, size, begins_walk, place)
CROSS JOIN LATERAL reader_of(asked.secret_hash, asked.search, asked.scopes) AS reader
-- It is stable, and so reads as of the same moment as `reader`. Where there is no feed, it is not asked.
LEFT JOIN LATERAL (
    SELECT * FROM page_of_feed(reader.search_id, reader.live_companies, asked.since, asked.size) WHERE reader.search_id IS NOT NULL OFFSET 0
) AS page ON true;

-- polls :many
-- For each who asks, who that is, and what tells, without reading a document, whether their page has changed.
SELECT asked.place, reader.*
FROM unnest($1::bytea[], $2::uuid[], $3::text[]) WITH ORDINALITY AS asked (secret_hash, search, scopes, place)
CROSS JOIN LATERAL reader_of(asked.secret_hash, asked.search, asked.scopes) AS reader;

-- pages_at :many
-- For each who asks, who that is, and a page at an offset: of the walk that it belongs to, as of that walk's watermark; without any walk,
-- as of now. Withdrawals show where the walk began after a time. The walk moves on with it, once for all who ask for the same page of it.
SELECT chosen.place, chosen.key_id, chosen.key_name, chosen.organization_id, chosen.scopes, chosen.ended, chosen.tier, chosen.rate_limit,
    page.watermark, chosen.erasures, (chosen.walk).id AS walk_id, (chosen.walk).used_at = '-infinity' AS is_contested, page.is_expired,
    page.total, page.count, page.has_more, page.last_at, page.first_position, page.last_position, page.companies,
    CASE WHEN chosen.is_first AND (chosen.walk).id IS NOT NULL AND page.count > 0 THEN
        move_walk(chosen.walk, chosen.skipped, page.count, page.has_more, page.first_position, page.last_position, chosen.askers)
    END AS moved
FROM (
    -- In the order of the walks, so that two processes which move the same ones do not each hold what the other waits for.
    SELECT found.*, count(*) OVER same AS askers, row_number() OVER same = 1 AS is_first
    FROM (
        SELECT asked.place, asked.since, asked.size, asked.skipped, reader.*,
            CASE WHEN reader.search_id IS NOT NULL THEN
                walk_for(reader.search_id, reader.key_name, asked.since, asked.skipped)
            END AS walk
        FROM unnest($1::bytea[], $2::uuid[], $3::text[], $4::timestamptz[], $5::integer[], $6::bigint[])
            WITH ORDINALITY AS asked (secret_hash, search, scopes, since, size, skipped, place)
        CROSS JOIN LATERAL reader_of(asked.secret_hash, asked.search, asked.scopes) AS reader
        OFFSET 0
    ) AS found
    WINDOW same AS (PARTITION BY found.search_id, (found.walk).id, found.skipped, found.size)
) AS chosen
LEFT JOIN LATERAL (
    SELECT * FROM page_of_walk(
        chosen.search_id, chosen.watermark, chosen.live_companies, chosen.walk, chosen.since, chosen.size, chosen.skipped
    ) WHERE chosen.search_id IS NOT NULL OFFSET 0
) AS page ON true;

-- begin_walks :execute
-- Runs of several pages, each pinned to the watermark of its first. Committed before the pages are sent: those to come depend on it.
-- One that stands where a living walk stands joins it.
WITH begun AS (
    SELECT * FROM unnest(
        $1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
        $10::integer[]
    ) AS begun (search, consumer, since, watermark, total, next_offset, next_position, page_offset, page_position, runs)
), same AS (
    SELECT begun.*, (
        SELECT id FROM walk
        WHERE prospect_search_id = begun.search AND consumer = begun.consumer
            AND coalesce(since, '-infinity') = coalesce(begun.since, '-infinity')
            AND watermark = begun.watermark AND next_offset = begun.next_offset AND page_offset = begun.page_offset
            AND reached_offset = begun.next_offset AND begun_at > now() - interval '10 minutes'
        ORDER BY turn DESC, id DESC LIMIT 1
    ) AS id
    FROM begun
), held AS (
    -- In an order, so that two processes which join the same walks do not each hold what the other waits for.
    SELECT walk.prospect_search_id, walk.id, same.runs FROM walk JOIN same ON walk.prospect_search_id = same.search AND walk.id = same.id
    -- Looked at once more when it is held: it may have moved on meanwhile.
    WHERE walk.next_offset = same.next_offset AND walk.page_offset = same.page_offset AND walk.reached_offset = same.next_offset
    ORDER BY walk.prospect_search_id, walk.id FOR NO KEY UPDATE OF walk
), joined AS (
    UPDATE walk SET runs = least(walk.runs + held.runs, 100), turn = nextval('walk_turn'),
        begun_at = clock_timestamp(), used_at = clock_timestamp()
    FROM held WHERE walk.prospect_search_id = held.prospect_search_id AND walk.id = held.id
)
INSERT INTO walk (
    prospect_search_id, consumer, since, watermark, total, next_offset, next_position, page_offset, page_position, reached_offset, runs
)
SELECT search, consumer, since, watermark, total, next_offset, next_position, page_offset, page_position, next_offset, runs
FROM same WHERE NOT EXISTS (SELECT FROM held WHERE held.prospect_search_id = same.search AND held.id = same.id);

-- tell_walk :execute
-- Its consumer has been told that the walk has expired, or cannot be told from another.
UPDATE walk SET told_at = clock_timestamp() WHERE prospect_search_id = $1 AND id = $2;
