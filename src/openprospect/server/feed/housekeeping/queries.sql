-- housekeeping_turn :value
-- Until commit, one worker does this part of the housekeeping; the others find it taken.
SELECT pg_try_advisory_xact_lock(hashtextextended($1, 2));

-- feeds_with_superseded :many
-- Feeds that have superseded rows, and where each of them stands.
SELECT id, watermark FROM prospect_search AS feed
WHERE EXISTS (SELECT FROM delivery WHERE prospect_search_id = feed.id AND superseded_at IS NOT NULL);

-- forgettable :many
-- Which of these feeds have rows that no walk can show which is alive or just beginning, and until when these were superseded.
-- A walk that is just beginning has read its first page within $3, and so no earlier than when its feed stood at $2; what it needs was
-- superseded later. The time alone would not tell: a long transaction supersedes as of its beginning.
SELECT stood.id, due.until
FROM unnest($1::uuid[], $2::timestamptz[]) AS stood (id, watermark)
CROSS JOIN LATERAL (
    SELECT least(stood.watermark, clock_timestamp() - $3::interval, min(walk.watermark)) AS until FROM walk
    WHERE walk.prospect_search_id = stood.id AND used_at > clock_timestamp() - $4::interval
) AS due
WHERE EXISTS (SELECT FROM delivery WHERE prospect_search_id = stood.id AND superseded_at <= due.until);

-- forget_superseded :one
-- Removes the next of these rows, in the order of time; how many, and where to go on. What others hold is left to the next round.
WITH due AS MATERIALIZED (
    SELECT position, superseded_at FROM delivery
    WHERE prospect_search_id = $1 AND superseded_at > coalesce($4::timestamptz, '-infinity') AND superseded_at <= $2
    ORDER BY superseded_at LIMIT $3
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM delivery USING due
    WHERE prospect_search_id = $1 AND delivery.position = due.position
    RETURNING due.superseded_at
)
SELECT count(*) AS count, max(superseded_at) AS last_at FROM gone;

-- forget_walks :value
-- A week after its last page nobody asks for a walk any more; answers how many are gone.
WITH old AS MATERIALIZED (
    SELECT prospect_search_id, id FROM walk WHERE used_at < clock_timestamp() - interval '7 days' LIMIT $1
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM walk USING old WHERE walk.prospect_search_id = old.prospect_search_id AND walk.id = old.id RETURNING 1
)
SELECT count(*) FROM gone;

-- forget_idempotent_answers :value
-- A day after it was given, an answer is no longer repeated; answers how many are gone.
WITH old AS MATERIALIZED (
    SELECT organization_id, key FROM idempotent_answer WHERE created_at < clock_timestamp() - interval '24 hours'
    ORDER BY created_at LIMIT $1
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM idempotent_answer AS answer USING old WHERE answer.organization_id = old.organization_id AND answer.key = old.key
    RETURNING 1
)
SELECT count(*) FROM gone;

-- feeds_ahead :one
-- Feeds that were delivered to while the clock was wrong: how many are ahead of it by more than a moment, and up to where.
SELECT count(*) AS feeds, max(watermark) AS until FROM prospect_search WHERE watermark > clock_timestamp() + interval '1 minute';
