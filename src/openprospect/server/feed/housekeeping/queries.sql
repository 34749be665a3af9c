-- housekeeping_turn :value
-- One worker at a time tidies up; the others find it taken.
SELECT pg_try_advisory_xact_lock(7813587346);

-- forget_walks :execute
-- A week after its last page nobody asks for a walk any more.
DELETE FROM walk WHERE used_at < clock_timestamp() - interval '7 days';

-- forget_superseded :value
-- Removes rows that no living walk can show. A walk that is just beginning needs only what is superseded after now.
WITH gone AS (
    DELETE FROM delivery USING prospect_search AS feed
    WHERE feed.id = delivery.prospect_search_id AND superseded_at IS NOT NULL
        AND superseded_at < clock_timestamp() - interval '10 minutes'
        AND superseded_at <= coalesce((
            SELECT min(walk.watermark) FROM walk
            WHERE walk.prospect_search_id = feed.id AND used_at > clock_timestamp() - interval '70 minutes'
        ), 'infinity')
    RETURNING 1
)
SELECT count(*) FROM gone;

-- forget_answers :execute
-- A day after it was given, an answer is no longer repeated.
DELETE FROM idempotent_answer WHERE created_at < clock_timestamp() - interval '24 hours';

-- feeds_ahead :one
-- Feeds that were delivered to while the clock was wrong: how many are ahead of it by more than a moment, and up to where.
SELECT count(*) AS feeds, max(watermark) AS until FROM prospect_search WHERE watermark > clock_timestamp() + interval '1 minute';
