-- A run whose pages were given out twice, as where answers are lost or questions come late, is given none of a run that broke off before it.

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
                AND watermark > found_walk.watermark AND (
                    page_offset = skipped
                    -- On its way it may be anywhere up to where it has come: the page last given out may be an early one, asked for late.
                    OR page_offset > 0 AND next_position IS NOT NULL AND reached_offset >= skipped
                )
                -- It has stood still since: what has had its first page alone began earlier, whenever that was written down.
                AND (found_walk.page_offset = 0 OR begun_at > found_walk.used_at)
        ) THEN
            -- A run that broke off, or one that is slow: whether it goes on, or the newer one asks for a page again, nobody can tell.
            found_walk.used_at := '-infinity';
        END IF;
        RETURN found_walk;
    END IF;
    -- For a page asked for again, the newest that has been there. One that has stood still since the newest began can mean its last page alone.
    SELECT * INTO found_walk FROM walk
    WHERE prospect_search_id = feed AND consumer = reader AND coalesce(since, '-infinity') = start AND used_at >= living_from
        AND reached_offset >= skipped AND (
            watermark = newest.watermark OR used_at >= newest.begun_at
            OR page_offset = skipped AND NOT coalesce(told_at <= newest.begun_at, false)
        )
    ORDER BY watermark DESC, turn DESC, id DESC LIMIT 1;
    IF FOUND THEN
        IF found_walk.watermark < newest.watermark AND found_walk.used_at < newest.begun_at THEN
            -- Whether that run asks again, or the newest for its pages in no order, nobody can tell either.
            found_walk.used_at := '-infinity';
        END IF;
        RETURN found_walk;
    END IF;
    -- Else the newest, and one that has expired last of all.
    SELECT * INTO found_walk FROM walk
    WHERE prospect_search_id = feed AND consumer = reader AND coalesce(since, '-infinity') = start AND used_at > remembered_from
    ORDER BY used_at < living_from, watermark DESC, turn DESC, id DESC LIMIT 1;
    RETURN found_walk;
END;
$$;

-- The walk goes on after a page that `askers` of its runs have been given at once.
CREATE OR REPLACE FUNCTION move_walk(
    walked walk, skipped bigint, count bigint, has_more boolean, first_position bigint, last_position bigint, askers bigint
) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    -- Whoever was given the last page, with pages in no order, is not waited for at any other.
    goes_on constant boolean := has_more AND walked.reached_offset < walked.total;
    expected constant bigint := CASE WHEN goes_on THEN skipped + count END;
    -- Which is where it ended, waited for or not.
    expected_position constant bigint := CASE WHEN has_more THEN last_position + 1 END;
    standing walk;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    IF walked.page_offset = skipped AND walked.next_position IS NOT DISTINCT FROM expected_position THEN
        -- The same page once more moves nothing. Half a minute is what an hour of life allows for.
        UPDATE walk SET used_at = clock_timestamp()
        WHERE walk.prospect_search_id = walked.prospect_search_id AND walk.id = walked.id AND walk.used_at < now() - interval '30 seconds';
        RETURN;
    END IF;
    -- How many runs stand there, the row says once it is held. One that was moved meanwhile is where its runs are.
    SELECT * INTO standing FROM walk
    WHERE walk.prospect_search_id = walked.prospect_search_id AND walk.id = walked.id
        AND walk.page_offset = walked.page_offset AND walk.next_position IS NOT DISTINCT FROM walked.next_position
    FOR NO KEY UPDATE;
    IF standing.runs <= askers THEN
        UPDATE walk SET next_offset = expected, next_position = expected_position, page_offset = skipped, page_position = first_position,
            reached_offset = greatest(walk.reached_offset, skipped + count), used_at = clock_timestamp()
        WHERE walk.prospect_search_id = walked.prospect_search_id AND walk.id = walked.id;
    ELSIF standing.runs > askers THEN
        -- Of several runs these go on, and the others stay where they stand.
        UPDATE walk SET runs = walk.runs - askers WHERE walk.prospect_search_id = walked.prospect_search_id AND walk.id = walked.id;
        INSERT INTO walk (
            prospect_search_id, consumer, since, watermark, total, next_offset, next_position, page_offset, page_position, reached_offset,
            begun_at, used_at, told_at, runs, turn
        ) VALUES (
            standing.prospect_search_id, standing.consumer, standing.since, standing.watermark, standing.total,
            expected, expected_position, skipped, first_position, greatest(standing.reached_offset, skipped + count),
            standing.begun_at, clock_timestamp(), standing.told_at, askers, standing.turn
        );
    END IF;
END;
$$;
