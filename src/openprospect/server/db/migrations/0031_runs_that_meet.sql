-- Runs of one consumer that meet at an offset: none is answered from the other's snapshot, none leaves a place behind that nobody stands at,
-- and steps are taken in the order of the walks, as beginning them does.

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
    ORDER BY turn DESC, id DESC LIMIT 1;
    IF NOT FOUND OR (newest.next_offset = skipped AND newest.used_at >= living_from) THEN
        RETURN newest;
    END IF;
    -- The newest that expects this offset, unless it has expired and its consumer, told so, began anew.
    SELECT * INTO found_walk FROM walk
    WHERE prospect_search_id = feed AND consumer = reader AND coalesce(since, '-infinity') = start AND used_at > remembered_from
        AND next_offset = skipped AND NOT coalesce(used_at < living_from AND told_at <= newest.begun_at, false)
    ORDER BY turn DESC, id DESC LIMIT 1;
    IF FOUND THEN
        IF EXISTS (
            SELECT FROM walk
            WHERE prospect_search_id = feed AND consumer = reader AND coalesce(since, '-infinity') = start AND used_at >= living_from
                AND turn > found_walk.turn AND page_offset = skipped AND watermark <> found_walk.watermark
                AND begun_at > found_walk.used_at
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

-- The page of a walk at an offset, as of the walk's watermark; without any walk, as of `head`, which is now.
-- Nothing is read for a walk that has expired, or that cannot be told from another.
CREATE FUNCTION page_of_walk(
    feed uuid, head timestamptz, live bigint, walked walk, started_after timestamptz, size integer, skipped bigint,
    OUT is_expired boolean, OUT watermark timestamptz, OUT total bigint, OUT has_more boolean,
    OUT count bigint, OUT last_at timestamptz, OUT first_position bigint, OUT last_position bigint, OUT companies bytea
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
    start constant timestamptz := coalesce(started_after, '-infinity');
    place bigint;
BEGIN
    is_expired := walked.used_at < now() - interval '1 hour 30 seconds';
    watermark := coalesce(walked.watermark, head);
    IF is_expired THEN
        RETURN;
    END IF;
    total := CASE
        WHEN walked.id IS NOT NULL THEN walked.total
        WHEN started_after IS NULL THEN live
        ELSE current_from(feed, coalesce((
            SELECT item.position FROM delivery AS item
            WHERE item.prospect_search_id = feed AND item.superseded_at IS NULL AND item.delivered_at > started_after
            ORDER BY item.delivered_at LIMIT 1
        ), 9223372036854775807))
    END;
    place := CASE
        WHEN walked.next_offset = skipped THEN walked.next_position
        WHEN walked.page_offset = skipped THEN walked.page_position
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

-- The walk goes on after a page that `askers` of its runs have been given at once.
CREATE FUNCTION move_walk(
    walked walk, skipped bigint, count bigint, has_more boolean, first_position bigint, last_position bigint, askers bigint
) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    expected constant bigint := CASE WHEN has_more THEN skipped + count END;
    expected_position constant bigint := CASE WHEN has_more THEN last_position + 1 END;
    left_behind walk;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    -- The same page once more moves nothing. Half a minute is what an hour of life allows for.
    UPDATE walk SET next_offset = expected, next_position = expected_position, page_offset = skipped, page_position = first_position,
        reached_offset = greatest(walk.reached_offset, skipped + count), used_at = clock_timestamp()
    WHERE walk.prospect_search_id = walked.prospect_search_id AND walk.id = walked.id AND walk.runs <= askers AND (
        walk.page_offset <> skipped OR walk.next_offset IS DISTINCT FROM expected OR walk.used_at < now() - interval '30 seconds'
    );
    IF FOUND THEN
        RETURN;
    END IF;
    -- Of several runs these go on, and the others stay where they stand. How many there are, the row says as it is now.
    UPDATE walk SET runs = walk.runs - askers
    WHERE walk.prospect_search_id = walked.prospect_search_id AND walk.id = walked.id AND walk.runs > askers
        AND (walk.page_offset <> skipped OR walk.next_offset IS DISTINCT FROM expected)
    RETURNING walk.* INTO left_behind;
    IF FOUND THEN
        INSERT INTO walk (
            prospect_search_id, consumer, since, watermark, total, next_offset, next_position, page_offset, page_position, reached_offset,
            begun_at, used_at, told_at, runs, turn
        ) VALUES (
            left_behind.prospect_search_id, left_behind.consumer, left_behind.since, left_behind.watermark, left_behind.total,
            expected, expected_position, skipped, first_position, greatest(left_behind.reached_offset, skipped + count),
            left_behind.begun_at, clock_timestamp(), left_behind.told_at, askers, left_behind.turn
        );
    END IF;
END;
$$;

-- As versions that still run beside this one call them.
CREATE OR REPLACE FUNCTION page_of_walk(
    feed uuid, head timestamptz, live bigint, reader text, started_after timestamptz, size integer, skipped bigint,
    OUT walk walk, OUT is_expired boolean, OUT watermark timestamptz, OUT total bigint, OUT has_more boolean,
    OUT count bigint, OUT last_at timestamptz, OUT first_position bigint, OUT last_position bigint, OUT companies bytea
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
    walk := walk_for(feed, reader, started_after, skipped);
    SELECT * INTO is_expired, watermark, total, has_more, count, last_at, first_position, last_position, companies
    FROM page_of_walk(feed, head, live, walk, started_after, size, skipped);
END;
$$;
CREATE OR REPLACE FUNCTION move_walk(walked walk, skipped bigint, count bigint, has_more boolean, first_position bigint, last_position bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM move_walk(walked, skipped, count, has_more, first_position, last_position, 1::bigint);
END;
$$;
