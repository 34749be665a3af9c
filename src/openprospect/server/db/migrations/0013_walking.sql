-- A page of a walk, in steps that take only what they need: which walk, its page, its step.

-- The walk that a page at an offset belongs to. A row of nulls where its consumer has none.
CREATE FUNCTION walk_for(feed uuid, reader text, started_after timestamptz, skipped bigint) RETURNS walk LANGUAGE plpgsql STABLE AS $$
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
            ORDER BY begun_at DESC, id DESC LIMIT 1
        ), false)
    ORDER BY begun_at DESC, id DESC LIMIT 1;
    IF FOUND THEN
        RETURN found_walk;
    END IF;
    -- For a page asked for again, the newest that has been there.
    SELECT * INTO found_walk FROM walk
    WHERE prospect_search_id = feed AND consumer = reader AND coalesce(since, '-infinity') = start AND used_at >= living_from
        AND reached_offset >= skipped
    ORDER BY begun_at DESC, id DESC LIMIT 1;
    IF FOUND THEN
        RETURN found_walk;
    END IF;
    -- Else the newest, and one that has expired last of all.
    SELECT * INTO found_walk FROM walk
    WHERE prospect_search_id = feed AND consumer = reader AND coalesce(since, '-infinity') = start AND used_at > remembered_from
    ORDER BY used_at < living_from, begun_at DESC, id DESC LIMIT 1;
    RETURN found_walk;
END;
$$;

-- The page at an offset: of the walk that it belongs to, as of that walk's watermark; without any walk, as of `head`, which is now.
-- Nothing is read for a walk that has expired.
CREATE FUNCTION page_of_walk(
    feed uuid, head timestamptz, live bigint, reader text, started_after timestamptz, size integer, skipped bigint,
    OUT walk walk, OUT is_expired boolean, OUT watermark timestamptz, OUT total bigint, OUT has_more boolean,
    OUT count bigint, OUT last_at timestamptz, OUT first_position bigint, OUT last_position bigint, OUT companies bytea
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
    start constant timestamptz := coalesce(started_after, '-infinity');
    place bigint;
BEGIN
    walk := walk_for(feed, reader, started_after, skipped);
    is_expired := walk.used_at < now() - interval '1 hour 30 seconds';
    watermark := coalesce(walk.watermark, head);
    IF is_expired THEN
        RETURN;
    END IF;
    total := CASE
        WHEN walk.id IS NOT NULL THEN walk.total
        WHEN started_after IS NULL THEN live
        ELSE current_from(feed, coalesce((
            SELECT item.position FROM delivery AS item
            WHERE item.prospect_search_id = feed AND item.superseded_at IS NULL AND item.delivered_at > started_after
            ORDER BY item.delivered_at LIMIT 1
        ), 9223372036854775807))
    END;
    place := CASE
        WHEN walk.next_offset = skipped THEN walk.next_position
        WHEN walk.page_offset = skipped THEN walk.page_position
        ELSE place_at(feed, started_after, watermark, skipped)
    END;
    IF watermark = head THEN
        -- Nothing has changed since: what is current is the snapshot, however much was superseded before.
        SELECT count(*), max(item.delivered_at), min(item.position), max(item.position),
            convert_to(coalesce(string_agg(item.document, ',' ORDER BY item.delivered_at), ''), 'UTF8')
        INTO count, last_at, first_position, last_position, companies
        FROM (
            SELECT item.position, item.delivered_at, item.document FROM delivery AS item
            WHERE item.prospect_search_id = feed AND item.superseded_at IS NULL
                AND item.delivered_at >= (
                    SELECT item.delivered_at FROM delivery AS item WHERE item.prospect_search_id = feed AND item.position >= place
                    ORDER BY item.position LIMIT 1
                )
                AND item.delivered_at > start AND NOT (item.is_removal AND started_after IS NULL)
            ORDER BY item.delivered_at LIMIT size
        ) AS item;
    ELSE
        SELECT count(*), max(item.delivered_at), min(item.position), max(item.position),
            convert_to(coalesce(string_agg(item.document, ',' ORDER BY item.position), ''), 'UTF8')
        INTO count, last_at, first_position, last_position, companies
        FROM (
            SELECT item.position, item.delivered_at, item.document FROM delivery AS item
            WHERE item.prospect_search_id = feed AND item.position >= place AND item.delivered_at <= watermark
                -- Written so that only the order of positions offers an index: the partial ones would read the whole feed.
                AND coalesce(item.superseded_at, 'infinity') > watermark
                AND item.delivered_at > start AND NOT (item.is_removal AND started_after IS NULL)
            ORDER BY item.position LIMIT size
        ) AS item;
    END IF;
    has_more := skipped + count < total AND count > 0;
END;
$$;

-- The walk goes on past a page, not waiting for the disk: a crash of the database can only make it look for the place again.
CREATE FUNCTION move_walk(walked walk, skipped bigint, count bigint, has_more boolean, first_position bigint, last_position bigint)
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
    WHERE walk.id = walked.id AND (
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
