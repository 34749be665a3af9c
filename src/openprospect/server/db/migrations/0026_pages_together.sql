-- Pages that are asked for together: one statement for many, and what is one page's alone in functions that take its search as an argument.

-- Who shows a key, and the feed that they ask for: no key, no caller; no feed where it is not theirs, the key lacks a scope, or is over.
-- One row whatever is found. Not flattened into what asks: however many are looked up, each is found by index.
CREATE FUNCTION reader_of(shown bytea, search uuid, needed text) RETURNS TABLE (
    key_id uuid, key_name text, organization_id uuid, scopes text[], ended text, tier text, rate_limit bigint,
    search_id uuid, watermark timestamptz, erasures bigint, live_companies bigint
) LANGUAGE sql STABLE AS $$
    SELECT caller.key_id, caller.key_name, caller.organization_id, caller.scopes, caller.ended, caller.tier, caller.rate_limit,
        feed.id, feed.watermark, feed.erasures, feed.live_companies
    FROM (SELECT) AS request
    LEFT JOIN caller ON caller.secret_hash = shown
    LEFT JOIN prospect_search AS feed
        ON feed.id = search AND feed.organization_id = caller.organization_id AND caller.ended IS NULL
        AND caller.scopes @> string_to_array(needed, ' ')
    OFFSET 0
$$;

-- A page of a feed as it is now: what came after a time, or all that is live, of which there are `live`.
CREATE FUNCTION page_of_feed(
    feed uuid, live bigint, started_after timestamptz, size integer,
    OUT total bigint, OUT count bigint, OUT last_at timestamptz, OUT first_position bigint, OUT last_position bigint, OUT companies bytea
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
    start constant timestamptz := coalesce(started_after, '-infinity');
BEGIN
    SELECT count(*), max(item.delivered_at), min(item.position), max(item.position),
        convert_to(coalesce(string_agg(item.document, ',' ORDER BY item.delivered_at), ''), 'UTF8')
    INTO count, last_at, first_position, last_position, companies
    FROM (
        SELECT item.position, item.delivered_at, item.document FROM delivery AS item
        WHERE item.prospect_search_id = feed AND item.superseded_at IS NULL
            AND item.delivered_at > start AND NOT (item.is_removal AND started_after IS NULL)
        ORDER BY item.delivered_at LIMIT size
    ) AS item;
    total := CASE
        WHEN started_after IS NULL THEN live
        WHEN count < size THEN count
        -- Everything from the page's first row on.
        ELSE current_from(feed, first_position)
    END;
END;
$$;

-- Whether a walk that begins with a first page need not be written: so many runs stand there already that one more makes no difference.
CREATE FUNCTION is_crowded(feed uuid, reader text, started_after timestamptz, head timestamptz, first_count bigint) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM walk
        WHERE prospect_search_id = feed AND consumer = reader AND coalesce(since, '-infinity') = coalesce(started_after, '-infinity')
            AND watermark = head AND next_offset = first_count AND page_offset = 0
            AND runs >= 100 AND begun_at > now() - interval '30 seconds'
    );
END;
$$;
