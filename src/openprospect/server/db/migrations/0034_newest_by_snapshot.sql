-- Which of a consumer's walks is the newest: the one with the latest snapshot, however late it was written down; an expired one is told of as such.

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX walk_of_snapshot ON walk (prospect_search_id, consumer, (coalesce(since, '-infinity')), watermark DESC, turn DESC, id DESC);
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX walk_of_turn;

-- The walk that a page at an offset belongs to.
CREATE OR REPLACE FUNCTION walk_for(feed uuid, reader text, started_after timestamptz, skipped bigint) RETURNS walk LANGUAGE plpgsql STABLE AS $$
DECLARE
    start constant timestamptz := coalesce(started_after, '-infinity');
    remembered_from constant timestamptz := now() - interval '7 days';
    living_from constant timestamptz := now() - interval '1 hour 30 seconds';
    newest walk;
    found_walk walk;
BEGIN
    SELECT * INTO newest FROM walk
    WHERE prospect_search_id = feed AND consumer = reader AND coalesce(since, '-infinity') = start AND used_at > remembered_from
    ORDER BY watermark DESC, turn DESC, id DESC LIMIT 1;
    IF NOT FOUND OR (newest.next_offset = skipped AND newest.used_at >= living_from) THEN
        RETURN newest;
    END IF;
    -- The newest that expects this offset, unless it has expired and its consumer, told so, began anew.
    SELECT * INTO found_walk FROM walk
    WHERE prospect_search_id = feed AND consumer = reader AND coalesce(since, '-infinity') = start AND used_at > remembered_from
        AND next_offset = skipped AND NOT coalesce(used_at < living_from AND told_at <= newest.begun_at, false)
    ORDER BY watermark DESC, turn DESC, id DESC LIMIT 1;
    IF FOUND THEN
        IF found_walk.used_at >= living_from AND EXISTS (
            SELECT FROM walk
            WHERE prospect_search_id = feed AND consumer = reader AND coalesce(since, '-infinity') = start AND used_at >= living_from
                AND watermark > found_walk.watermark AND page_offset = skipped
                -- It has stood still since: what has had its first page alone began earlier, whenever that was written down.
                AND (found_walk.page_offset = 0 OR begun_at > found_walk.used_at)
        ) THEN
            -- A run that broke off, or one that is slow: whether it goes on, or the newer one asks for its last page again, nobody can tell.
            found_walk.used_at := '-infinity';
        END IF;
        RETURN found_walk;
    END IF;
    -- For a page asked for again, the newest that has been there.
    SELECT * INTO found_walk FROM walk
    WHERE prospect_search_id = feed AND consumer = reader AND coalesce(since, '-infinity') = start AND used_at >= living_from
        AND reached_offset >= skipped
    ORDER BY watermark DESC, turn DESC, id DESC LIMIT 1;
    IF FOUND THEN
        RETURN found_walk;
    END IF;
    -- Else the newest, and one that has expired last of all.
    SELECT * INTO found_walk FROM walk
    WHERE prospect_search_id = feed AND consumer = reader AND coalesce(since, '-infinity') = start AND used_at > remembered_from
    ORDER BY used_at < living_from, watermark DESC, turn DESC, id DESC LIMIT 1;
    RETURN found_walk;
END;
$$;
