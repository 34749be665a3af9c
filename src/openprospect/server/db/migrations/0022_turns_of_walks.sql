-- Which of a consumer's walks is the newest: counted, since a clock may be set back.
CREATE SEQUENCE walk_turn;
ALTER TABLE walk ADD COLUMN turn bigint NOT NULL DEFAULT 0;
ALTER TABLE walk ALTER COLUMN turn SET DEFAULT nextval('walk_turn');
UPDATE walk SET turn = began.turn
FROM (SELECT prospect_search_id, id, nextval('walk_turn') AS turn FROM (SELECT * FROM walk ORDER BY begun_at, id) AS oldest_first) AS began
WHERE walk.prospect_search_id = began.prospect_search_id AND walk.id = began.id;

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX walk_of_turn ON walk (prospect_search_id, consumer, (coalesce(since, '-infinity')), turn DESC, id DESC);
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX walk_of_start;

-- As before, but for what is newest.
CREATE OR REPLACE FUNCTION walk_for(feed uuid, reader text, started_after timestamptz, skipped bigint) RETURNS walk LANGUAGE plpgsql STABLE AS $$
DECLARE
    start constant timestamptz := coalesce(started_after, '-infinity');
    remembered_from constant timestamptz := now() - interval '7 days';
    living_from constant timestamptz := now() - interval '1 hour 30 seconds';
    found_walk walk;
BEGIN
    -- The newest that expects this offset, unless it has expired and its consumer, told so, began anew.
    SELECT * INTO found_walk FROM walk
    WHERE prospect_search_id = feed AND consumer = reader AND coalesce(since, '-infinity') = start AND used_at > remembered_from
        AND next_offset = skipped AND NOT coalesce(used_at < living_from AND told_at <= (
            SELECT begun_at FROM walk
            WHERE prospect_search_id = feed AND consumer = reader AND coalesce(since, '-infinity') = start AND used_at > remembered_from
            ORDER BY turn DESC, id DESC LIMIT 1
        ), false)
    ORDER BY turn DESC, id DESC LIMIT 1;
    IF FOUND THEN
        RETURN found_walk;
    END IF;
    -- For a page asked for again, the newest that has been there.
    SELECT * INTO found_walk FROM walk
    WHERE prospect_search_id = feed AND consumer = reader AND coalesce(since, '-infinity') = start AND used_at >= living_from
        AND reached_offset >= skipped
    ORDER BY turn DESC, id DESC LIMIT 1;
    IF FOUND THEN
        RETURN found_walk;
    END IF;
    -- Else the newest, and one that has expired last of all.
    SELECT * INTO found_walk FROM walk
    WHERE prospect_search_id = feed AND consumer = reader AND coalesce(since, '-infinity') = start AND used_at > remembered_from
    ORDER BY used_at < living_from, turn DESC, id DESC LIMIT 1;
    RETURN found_walk;
END;
$$;

-- As before; the runs that stay keep their turn.
CREATE OR REPLACE FUNCTION move_walk(walked walk, skipped bigint, count bigint, has_more boolean, first_position bigint, last_position bigint)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    expected constant bigint := CASE WHEN has_more THEN skipped + count END;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    -- The same page once more moves nothing. Half a minute is what an hour of life allows for.
    UPDATE walk SET next_offset = expected, next_position = CASE WHEN has_more THEN last_position + 1 END,
        page_offset = skipped, page_position = first_position,
        reached_offset = greatest(walk.reached_offset, skipped + count), used_at = clock_timestamp(), runs = 1
    WHERE walk.prospect_search_id = walked.prospect_search_id AND walk.id = walked.id AND (
        walk.page_offset <> skipped OR walk.next_offset IS DISTINCT FROM expected OR walk.used_at < now() - interval '30 seconds'
    );
    IF FOUND AND walked.runs > 1 THEN
        -- One run goes on, the others stay where they stood.
        INSERT INTO walk (
            prospect_search_id, consumer, since, watermark, total, next_offset, next_position, page_offset, page_position, reached_offset,
            begun_at, used_at, told_at, runs, turn
        ) VALUES (
            walked.prospect_search_id, walked.consumer, walked.since, walked.watermark, walked.total, walked.next_offset,
            walked.next_position, walked.page_offset, walked.page_position, walked.reached_offset,
            walked.begun_at, walked.used_at, walked.told_at, walked.runs - 1, walked.turn
        );
    END IF;
END;
$$;
