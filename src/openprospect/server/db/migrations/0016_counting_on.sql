-- Any offset, found as before; where nothing was superseded since the snapshot, blocks are counted one after the other up to the one that
-- holds it, and no further.
CREATE OR REPLACE FUNCTION place_at(feed uuid, since timestamptz, as_of timestamptz, skipped bigint) RETURNS bigint LANGUAGE plpgsql STABLE
-- The planner knows neither how late `as_of` is nor how little comes after it: it is left the index that holds the answer.
SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    ahead bigint := skipped;
    chosen bigint := 0;
    held bigint;
    width integer;
    lowest bigint := 0;
    highest bigint := 9223372036854775807;
    -- In the order of the index that passes over what was superseded before.
    left_since bigint[] := ARRAY(
        SELECT position FROM delivery
        WHERE prospect_search_id = feed AND superseded_at > as_of AND delivered_at <= as_of AND NOT (is_removal AND since IS NULL)
        ORDER BY superseded_at
    );
    start bigint;
BEGIN
    IF since IS NOT NULL THEN
        start := coalesce((
            SELECT position FROM delivery WHERE prospect_search_id = feed AND superseded_at IS NULL AND delivered_at > since
            ORDER BY delivered_at LIMIT 1
        ), 9223372036854775807);
        ahead := ahead + current_from(feed, 0) - current_from(feed, start) + (
            SELECT count(*) FROM delivery
            WHERE prospect_search_id = feed AND position = ANY (left_since) AND delivered_at <= since
        );
    END IF;
    FOR size IN REVERSE 2..0 LOOP
        IF cardinality(left_since) = 0 THEN
            FOR chosen, held IN
                SELECT block, deliveries - CASE WHEN since IS NULL THEN removals ELSE 0 END FROM tally
                WHERE prospect_search_id = feed AND level = size AND block BETWEEN lowest AND highest ORDER BY block
            LOOP
                EXIT WHEN held > ahead;
                ahead := ahead - held;
                chosen := NULL;
            END LOOP;
        ELSE
            width := 7 * (size + 1);
            SELECT counted.block, ahead - counted.before INTO chosen, ahead
            FROM (
                SELECT part.block, sum(sum(part.rows)) OVER (ORDER BY part.block) AS through,
                    sum(sum(part.rows)) OVER (ORDER BY part.block) - sum(part.rows) AS before
                FROM (
                    SELECT block, deliveries - CASE WHEN since IS NULL THEN removals ELSE 0 END AS rows FROM tally
                    WHERE prospect_search_id = feed AND level = size AND block BETWEEN lowest AND highest
                    UNION ALL
                    SELECT position >> width, 1 FROM unnest(left_since) AS position WHERE position >> width BETWEEN lowest AND highest
                ) AS part
                GROUP BY part.block
            ) AS counted
            WHERE counted.through > ahead ORDER BY counted.block LIMIT 1;
        END IF;
        IF chosen IS NULL THEN
            RETURN NULL;
        END IF;
        lowest := chosen << 7;
        highest := lowest + 127;
    END LOOP;
    RETURN (
        SELECT position FROM delivery
        WHERE prospect_search_id = feed AND position >= chosen << 7 AND position < (chosen + 1) << 7
            AND delivered_at <= as_of AND coalesce(superseded_at, 'infinity') > as_of AND NOT (is_removal AND since IS NULL)
        ORDER BY position OFFSET ahead LIMIT 1
    );
END;
$$;
