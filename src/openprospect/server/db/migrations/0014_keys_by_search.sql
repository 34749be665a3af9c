-- Every key of a table that grows with the feeds begins with the search, so that the table can be split by it.

-- squawk-ignore ban-drop-constraint
ALTER TABLE walk DROP CONSTRAINT walk_pkey;
-- squawk-ignore constraint-missing-not-valid,adding-serial-primary-key-field
ALTER TABLE walk ADD CONSTRAINT walk_pkey PRIMARY KEY (prospect_search_id, id);

-- squawk-ignore ban-drop-constraint
ALTER TABLE receipt_step DROP CONSTRAINT receipt_step_pkey;
-- squawk-ignore constraint-missing-not-valid,adding-serial-primary-key-field
ALTER TABLE receipt_step ADD CONSTRAINT receipt_step_pkey PRIMARY KEY (prospect_search_id, id);

-- Lines of history are only ever read by company; nothing refers to one. Their numbers stay, for the order.
-- squawk-ignore ban-drop-constraint
ALTER TABLE history DROP CONSTRAINT history_pkey;

-- An endpoint is made for a search that was read a moment ago, and searches are never removed. What lies in one place only cannot refer to
-- what is spread by search.
-- squawk-ignore ban-drop-constraint
ALTER TABLE webhook DROP CONSTRAINT webhook_prospect_search_id_fkey;

-- As before, but for the key of the walk.
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
            begun_at, used_at, told_at, runs
        ) VALUES (
            walked.prospect_search_id, walked.consumer, walked.since, walked.watermark, walked.total, walked.next_offset,
            walked.next_position, walked.page_offset, walked.page_position, walked.reached_offset,
            walked.begun_at, walked.used_at, walked.told_at, walked.runs - 1
        );
    END IF;
END;
$$;
