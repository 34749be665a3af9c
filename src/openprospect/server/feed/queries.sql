-- hold_organization :one
-- Publishers share this until commit; an erasure takes it alone, so that nobody slips in a person who is being erased.
-- Never waits: not held where an erasure is under way, or waits for those who publish.
SELECT hash_key, pg_try_advisory_xact_lock_shared(hashtextextended(id::text, 0)) AS is_held FROM organization WHERE id = $1;

-- await_organization :value
-- The same, once no erasure is under way.
SELECT hash_key FROM organization, LATERAL (SELECT pg_advisory_xact_lock_shared(hashtextextended(organization.id::text, 0))) AS held
WHERE id = $1;

-- hold_organization_alone :value
-- Waits until nobody publishes for this organization, and keeps it so until commit.
SELECT hash_key FROM organization, LATERAL (SELECT pg_advisory_xact_lock(hashtextextended(organization.id::text, 0))) AS held
WHERE id = $1;

-- organization_key :value
-- The key of an organization's hashes.
SELECT hash_key FROM organization WHERE id = $1;

-- lock_feed :one
-- Takes the feed's head until commit. `free_at` is the earliest time that the next delivery may have.
-- NO KEY: a walk or a receipt that refers to this row begins meanwhile.
SELECT position, watermark, greatest(clock_timestamp(), watermark + interval '1 microsecond') AS free_at
FROM prospect_search WHERE id = $1 FOR NO KEY UPDATE;

-- known_companies :many
-- The companies that a batch may mean, by id or by what they are known by.
-- One probe of an index for each: as conditions on one scan, a thousand of them would read the whole feed.
SELECT found.* FROM unnest($3::bytea[]) AS wanted (identity)
CROSS JOIN LATERAL (
    SELECT id, identity, source_id, position, content_hash, prospects FROM company
    WHERE prospect_search_id = $1 AND company.identity = wanted.identity OFFSET 0
) AS found
UNION
SELECT found.* FROM unnest($2::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT id, identity, source_id, position, content_hash, prospects FROM company
    WHERE prospect_search_id = $1 AND company.id = wanted.id OFFSET 0
) AS found;

-- known_people :many
-- Everyone ever delivered at these companies.
SELECT company_id, id, email_hash, name_hash, left_at IS NOT NULL AS has_left FROM prospect
WHERE prospect_search_id = $1 AND company_id = ANY ($2::uuid[]);

-- suppressed :many
-- Which of these hashes stand on the organization's suppression list.
SELECT kind, hash FROM suppression WHERE organization_id = $1 AND hash = ANY ($2::bytea[]);

-- has_suppressions :value
-- Whether there is anybody to leave out at all.
SELECT EXISTS (SELECT FROM suppression WHERE organization_id = $1);

-- documents_at :many
-- The documents that stand at these positions.
SELECT position, document FROM delivery WHERE prospect_search_id = $1 AND position = ANY ($2::bigint[]);

-- supersede :execute
-- Marks rows as replaced, each by the delivery of that time.
UPDATE delivery SET superseded_at = replaced.at
FROM unnest($2::bigint[], $3::timestamptz[]) AS replaced (position, at)
WHERE prospect_search_id = $1 AND delivery.position = replaced.position;

-- update_companies :execute
-- Moves known companies to their new place in the feed.
UPDATE company SET identity = moved.identity, source_id = moved.source_id, position = moved.position,
    delivered_at = moved.delivered_at, content_hash = moved.content_hash, prospects = moved.prospects
FROM unnest($2::uuid[], $3::bytea[], $4::text[], $5::bigint[], $6::timestamptz[], $7::bytea[], $8::integer[])
    AS moved (id, identity, source_id, position, delivered_at, content_hash, prospects)
WHERE prospect_search_id = $1 AND company.id = moved.id;

-- keep_people :execute
-- The people of known companies as they are now: new ones come in, those who had left are back.
INSERT INTO prospect (prospect_search_id, company_id, id, email_hash, name_hash, delivered_at)
SELECT $1, company_id, id, email_hash, name_hash, delivered_at
FROM unnest($2::uuid[], $3::uuid[], $4::bytea[], $5::bytea[], $6::timestamptz[])
    AS kept (company_id, id, email_hash, name_hash, delivered_at)
ON CONFLICT (prospect_search_id, company_id, id) DO UPDATE
SET email_hash = excluded.email_hash, name_hash = excluded.name_hash, left_at = NULL;

-- let_go_people :execute
-- Those who were at these companies and no longer are, since the delivery of that time.
UPDATE prospect SET left_at = gone.at
FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[]) AS gone (company_id, id, at)
WHERE prospect_search_id = $1 AND prospect.company_id = gone.company_id AND prospect.id = gone.id AND left_at IS NULL;

-- move_head :execute
-- Where the feed ends now, and what it holds.
UPDATE prospect_search SET position = $2, watermark = $3,
    live_companies = live_companies + $4, live_prospects = live_prospects + $5
WHERE id = $1;

-- count_deliveries :execute
-- Keeps the tally: positions that became current (1) or no longer are (-1).
INSERT INTO tally (prospect_search_id, level, block, deliveries)
SELECT $1, level, position >> 7 * (level + 1), sum(difference)
FROM unnest($2::bigint[], $3::bigint[]) AS change (position, difference), generate_series(0, 2) AS level
GROUP BY 2, 3
ON CONFLICT (prospect_search_id, level, block) DO UPDATE SET deliveries = tally.deliveries + excluded.deliveries;

-- head :one
-- Up to where a feed is complete, and what tells whether a page of it has changed.
SELECT watermark, erasures FROM prospect_search WHERE id = $1 AND organization_id = $2;

-- clock :value
-- What time it is for the database, whatever the clocks of those who ask say.
SELECT clock_timestamp();

-- note_served :many
-- Stretches of time that consumers were given; whoever pulled is listed, be it that there was nothing to give out. Only what moves is written,
-- each move with its step. Answers up to where each of them was given everything, and has confirmed it; nothing about a search that is not
-- there: a failover may have lost it, or the end of its feed, past which nothing counts as given.
WITH given AS (
    SELECT search, consumer, max(until) FILTER (WHERE since < until) AS until, max(at) AS at, max(seconds) AS seconds,
        coalesce(range_agg(tstzrange(since, until, '(]')) FILTER (WHERE since < until), '{}') AS stretches
    FROM (
        SELECT search, consumer, coalesce(since, '-infinity') AS since, CASE WHEN until > watermark THEN watermark ELSE until END AS until,
            at, seconds
        FROM unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::float8[])
            AS noted (search, consumer, since, until, at, seconds)
        JOIN prospect_search AS feed ON feed.id = search
    ) AS there
    GROUP BY search, consumer
), moved AS (
    INSERT INTO receipt (prospect_search_id, consumer, served_until, served_at, machine, machine_seconds, gaps)
    SELECT search, consumer, until, at, $1::uuid, seconds,
        gaps_that_matter(search, tstzmultirange(tstzrange('-infinity', coalesce(until, '-infinity'), '(]')) - stretches)
    FROM given ORDER BY search, consumer
    ON CONFLICT (prospect_search_id, consumer) DO UPDATE SET
        served_until = greatest(receipt.served_until, excluded.served_until), machine = excluded.machine,
        -- All of it was given only then, or now where there had been nothing. What lies ahead of the clock is from before it was set back.
        served_at = greatest(CASE WHEN receipt.served_until IS NOT NULL THEN least(receipt.served_at, clock_timestamp()) END, excluded.served_at),
        machine_seconds = greatest(
            CASE WHEN receipt.served_until IS NOT NULL AND receipt.machine = excluded.machine THEN receipt.machine_seconds END,
            excluded.machine_seconds),
        gaps = gaps_that_matter(receipt.prospect_search_id, gaps_left(receipt.gaps, receipt.served_until, excluded.gaps, excluded.served_until))
    WHERE greatest(receipt.served_until, excluded.served_until) IS DISTINCT FROM receipt.served_until
        OR gaps_that_matter(receipt.prospect_search_id, gaps_left(receipt.gaps, receipt.served_until, excluded.gaps, excluded.served_until)) <> receipt.gaps
    RETURNING prospect_search_id AS search, consumer, served_until, served_at, machine, machine_seconds,
        coalesce(lower(gaps), served_until) AS whole_until
), before AS (
    SELECT given.search, given.consumer, served_until, confirmed_until, coalesce(lower(gaps), served_until, '-infinity') AS whole_until
    FROM given LEFT JOIN receipt ON receipt.prospect_search_id = given.search AND receipt.consumer = given.consumer
), step AS (
    INSERT INTO receipt_step (prospect_search_id, consumer, kind, until, at, is_gapless, machine, machine_seconds)
    SELECT search, consumer, 'served', moved.whole_until, moved.served_at, true, moved.machine, moved.machine_seconds
    FROM moved JOIN before USING (search, consumer) WHERE moved.whole_until > before.whole_until
    UNION ALL
    SELECT search, consumer, 'served', moved.served_until, moved.served_at, false, moved.machine, moved.machine_seconds
    FROM moved JOIN before USING (search, consumer) WHERE moved.served_until > greatest(before.served_until, moved.whole_until)
)
SELECT search AS prospect_search_id, consumer, nullif(coalesce(moved.whole_until, before.whole_until), '-infinity') AS whole_until, confirmed_until
FROM before LEFT JOIN moved USING (search, consumer);

-- note_confirmed :many
-- How far consumers say that they have stored. A claim counts only where they had been given everything up to there when they made it: which came
-- first, the database's clock tells, and to the last moment a machine's own. A step ahead of that clock is from before it was set back.
WITH moved AS (
    UPDATE receipt SET confirmed_until = claim.until, confirmed_at = claim.at
    FROM unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::float8[], $7::boolean[])
        AS claim (prospect_search_id, consumer, until, at, seconds, is_proven)
    WHERE receipt.prospect_search_id = claim.prospect_search_id AND receipt.consumer = claim.consumer
        AND (receipt.confirmed_until IS NULL OR receipt.confirmed_until < claim.until)
        AND coalesce(lower(gaps), served_until) >= claim.until
        AND (claim.is_proven OR EXISTS (
            SELECT FROM receipt_step AS step
            WHERE step.prospect_search_id = claim.prospect_search_id AND step.consumer = claim.consumer
                AND kind = 'served' AND is_gapless AND step.until >= claim.until
                AND (step.machine IS DISTINCT FROM $1::uuid OR step.machine_seconds <= claim.seconds)
                AND (step.at <= claim.at OR step.at > clock_timestamp())
        ))
    RETURNING receipt.prospect_search_id, receipt.consumer, confirmed_until, confirmed_at
)
INSERT INTO receipt_step (prospect_search_id, consumer, kind, until, at)
SELECT prospect_search_id, consumer, 'confirmed', confirmed_until, confirmed_at FROM moved
RETURNING prospect_search_id, consumer, until;

-- confirmed_until :value
-- How far a consumer has confirmed.
SELECT confirmed_until FROM receipt WHERE prospect_search_id = $1 AND consumer = $2;

-- latest_ahead :value
-- Where the furthest feed ends, of those that are ahead of the clock.
SELECT max(watermark) FROM prospect_search WHERE watermark > clock_timestamp();

-- move_feeds_on :execute
-- Feeds go on from now; those that are ahead of the clock from an hour after their end.
UPDATE prospect_search
SET watermark = CASE WHEN watermark < clock_timestamp() THEN clock_timestamp() ELSE watermark + interval '1 hour' END;
