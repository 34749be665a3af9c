-- A walk is moved once it is held, and from where it stood when its page was chosen: no run's step is lost, and a late one takes nobody back.

-- The walk goes on after a page that `askers` of its runs have been given at once.
CREATE OR REPLACE FUNCTION move_walk(
    walked walk, skipped bigint, count bigint, has_more boolean, first_position bigint, last_position bigint, askers bigint
) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    expected constant bigint := CASE WHEN has_more THEN skipped + count END;
    expected_position constant bigint := CASE WHEN has_more THEN last_position + 1 END;
    standing walk;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    IF walked.page_offset = skipped AND walked.next_offset IS NOT DISTINCT FROM expected THEN
        -- The same page once more moves nothing. Half a minute is what an hour of life allows for.
        UPDATE walk SET used_at = clock_timestamp()
        WHERE walk.prospect_search_id = walked.prospect_search_id AND walk.id = walked.id AND walk.used_at < now() - interval '30 seconds';
        RETURN;
    END IF;
    -- How many runs stand there, the row says once it is held. One that was moved meanwhile is where its runs are.
    SELECT * INTO standing FROM walk
    WHERE walk.prospect_search_id = walked.prospect_search_id AND walk.id = walked.id
        AND walk.page_offset = walked.page_offset AND walk.next_offset IS NOT DISTINCT FROM walked.next_offset
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
