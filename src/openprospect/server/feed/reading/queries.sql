-- page :one
-- Who asks, and a page of their feed as its watermark stands now: after a time, or all that is live. `companies` is JSON, comma-separated.
-- One row whatever is found: no key, no caller; no watermark, no such feed of theirs.
-- Rows are asked for by the parameter itself, not by the feed that was found: only so does a split table open the one partition alone.
SELECT caller.key_id, caller.key_name, caller.organization_id, caller.scopes, caller.ended, caller.tier, caller.rate_limit,
    feed.watermark, feed.erasures, counted.total, page.count, page.last_at, page.first_position, page.last_position, page.companies,
    -- Whether the walk that begins here need not be written: so many runs stand at this place already that one more makes no difference.
    CASE WHEN $6::boolean AND counted.total > page.count THEN EXISTS (
        SELECT FROM walk
        WHERE prospect_search_id = $3 AND consumer = caller.key_name
            AND coalesce(since, '-infinity') = coalesce($4::timestamptz, '-infinity')
            AND watermark = feed.watermark AND next_offset = page.count AND page_offset = 0
            AND runs >= 100 AND begun_at > now() - interval '30 seconds'
    ) END AS is_begun
FROM (SELECT) AS request
LEFT JOIN caller ON caller.secret_hash = $1
LEFT JOIN prospect_search AS feed
    ON feed.id = $3 AND feed.organization_id = caller.organization_id AND caller.ended IS NULL AND caller.scopes @> $2::text[]
LEFT JOIN LATERAL (
    SELECT count(*) AS count, max(delivered_at) AS last_at, min(position) AS first_position, max(position) AS last_position,
        convert_to(coalesce(string_agg(document, ',' ORDER BY delivered_at), ''), 'UTF8') AS companies
    FROM (
        SELECT position, delivered_at, document FROM delivery
        WHERE prospect_search_id = $3 AND feed.id IS NOT NULL AND superseded_at IS NULL
            AND delivered_at > coalesce($4::timestamptz, '-infinity') AND NOT (is_removal AND $4::timestamptz IS NULL)
        ORDER BY delivered_at LIMIT $5 OFFSET 0
    ) AS live
) AS page ON true
LEFT JOIN LATERAL (
    SELECT CASE
        WHEN $4::timestamptz IS NULL THEN feed.live_companies
        WHEN page.count < $5 THEN page.count
        -- Everything from the page's first row on: the rest of its smallest block, then whole blocks, ever bigger.
        ELSE (
            -- Not a condition: it would offer an index to read the whole feed by, while statistics do not know yet how much there is.
            SELECT count(*) FILTER (WHERE superseded_at IS NULL) FROM delivery
            WHERE prospect_search_id = $3
                AND position >= page.first_position AND position < ((page.first_position >> 7) + 1) << 7
        ) + (
            SELECT coalesce(sum(deliveries), 0)::bigint FROM tally
            WHERE prospect_search_id = $3 AND level = 0
                AND block > page.first_position >> 7 AND block < ((page.first_position >> 14) + 1) << 7
        ) + (
            SELECT coalesce(sum(deliveries), 0)::bigint FROM tally
            WHERE prospect_search_id = $3 AND level = 1
                AND block > page.first_position >> 14 AND block < ((page.first_position >> 21) + 1) << 7
        ) + (
            SELECT coalesce(sum(deliveries), 0)::bigint FROM tally
            WHERE prospect_search_id = $3 AND level = 2 AND block > page.first_position >> 21
        )
    END AS total
    OFFSET 0
) AS counted ON true;

-- polls :many
-- For each who asks, in their order: who that is, and what tells, without reading a document, whether their page has changed.
SELECT caller.key_id, caller.key_name, caller.organization_id, caller.scopes, caller.ended, caller.tier, caller.rate_limit, feed.watermark, feed.erasures
FROM unnest($1::bytea[], $2::uuid[], $3::text[]) WITH ORDINALITY AS asked (secret_hash, search, scopes, place)
-- Not flattened: however many ask, each is looked up by index.
LEFT JOIN LATERAL (SELECT * FROM caller WHERE secret_hash = asked.secret_hash OFFSET 0) AS caller ON true
LEFT JOIN LATERAL (
    SELECT watermark, erasures FROM prospect_search
    WHERE id = asked.search AND organization_id = caller.organization_id AND caller.ended IS NULL
        AND caller.scopes @> string_to_array(asked.scopes, ' ')
    OFFSET 0
) AS feed ON true
ORDER BY asked.place;

-- page_at :one
-- Who asks, and a page at an offset: of the walk that it belongs to, as of that walk's watermark; without any walk, as of now.
-- Withdrawals show where the walk began after a time. The walk moves on with it.
SELECT caller.key_id, caller.key_name, caller.organization_id, caller.scopes, caller.ended, caller.tier, caller.rate_limit,
    page.watermark, feed.erasures, (page.walk).id AS walk_id, page.is_expired, page.total, page.count, page.has_more, page.last_at,
    page.first_position, page.last_position, page.companies,
    CASE WHEN (page.walk).id IS NOT NULL AND page.count > 0 THEN
        move_walk(page.walk, $6, page.count, page.has_more, page.first_position, page.last_position)
    END AS moved
FROM (SELECT) AS request
LEFT JOIN caller ON caller.secret_hash = $1
LEFT JOIN prospect_search AS feed
    ON feed.id = $3 AND feed.organization_id = caller.organization_id AND caller.ended IS NULL AND caller.scopes @> $2::text[]
LEFT JOIN LATERAL (
    -- It is stable, and so reads as of the same moment as `feed`. Where there is no feed, it is not asked.
    SELECT * FROM page_of_walk(feed.id, feed.watermark, feed.live_companies, caller.key_name, $4::timestamptz, $5::integer, $6::bigint)
    WHERE feed.id IS NOT NULL OFFSET 0
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
-- Its consumer has been told that the walk has expired.
UPDATE walk SET told_at = clock_timestamp() WHERE prospect_search_id = $1 AND id = $2;
