-- What the migrations add up to. Written by `make schema`; nothing reads it but people and a test.

CREATE FUNCTION count_delivery_hour() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO delivery_hour (prospect_search_id, hour, deliveries)
    VALUES (NEW.id, date_trunc('hour', NEW.watermark, 'UTC'), NEW.position - OLD.position)
    ON CONFLICT (prospect_search_id, hour) DO UPDATE SET deliveries = delivery_hour.deliveries + excluded.deliveries;
    RETURN NULL;
END;
$$;
CREATE FUNCTION count_removal() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO tally (prospect_search_id, level, block, deliveries, removals)
    SELECT NEW.prospect_search_id, level, NEW.position >> 7 * (level + 1), 0, CASE WHEN NEW.superseded_at IS NULL THEN 1 ELSE -1 END
    FROM generate_series(0, 2) AS level
    ON CONFLICT (prospect_search_id, level, block) DO UPDATE SET removals = tally.removals + excluded.removals;
    RETURN NULL;
END;
$$;
CREATE FUNCTION current_from(feed uuid, first bigint) RETURNS bigint
    LANGUAGE sql STABLE
    AS $$
    SELECT (
        SELECT count(*) FILTER (WHERE superseded_at IS NULL) FROM delivery
        WHERE prospect_search_id = feed AND position >= first AND position < ((first >> 7) + 1) << 7
    ) + (
        SELECT coalesce(sum(deliveries), 0)::bigint FROM tally
        WHERE prospect_search_id = feed AND level = 0 AND block > first >> 7 AND block < ((first >> 14) + 1) << 7
    ) + (
        SELECT coalesce(sum(deliveries), 0)::bigint FROM tally
        WHERE prospect_search_id = feed AND level = 1 AND block > first >> 14 AND block < ((first >> 21) + 1) << 7
    ) + (
        SELECT coalesce(sum(deliveries), 0)::bigint FROM tally
        WHERE prospect_search_id = feed AND level = 2 AND block > first >> 21
    );
$$;
CREATE FUNCTION current_tenant() RETURNS uuid
    LANGUAGE sql STABLE
    AS $$
    SELECT nullif(current_setting('openprospect.tenant', true), '')::uuid;
$$;
CREATE FUNCTION gaps_left(gaps tstzmultirange, until timestamp with time zone, other_gaps tstzmultirange, other_until timestamp with time zone) RETURNS tstzmultirange
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE WHEN (SELECT count(*) FROM unnest(shared)) <= 100 THEN shared ELSE tstzmultirange(range_merge(shared)) END
    FROM (
        SELECT (gaps + tstzmultirange(tstzrange(coalesce(until, '-infinity'), furthest, '(]')))
            * (other_gaps + tstzmultirange(tstzrange(coalesce(other_until, '-infinity'), furthest, '(]'))) AS shared
        FROM (SELECT greatest(until, other_until, '-infinity') AS furthest) AS ends
    ) AS both_readings
$$;
CREATE FUNCTION gaps_that_matter(feed uuid, gaps tstzmultirange) RETURNS tstzmultirange
    LANGUAGE sql STABLE
    AS $$
    SELECT coalesce(range_agg(gap), '{}') FROM unnest(gaps) AS gap
    WHERE EXISTS (
        SELECT FROM delivery
        WHERE prospect_search_id = feed AND superseded_at IS NULL AND delivered_at >= lower(gap) AND delivered_at <= upper(gap)
            AND delivered_at <@ gap
    )
$$;
CREATE FUNCTION held_erasure_log() RETURNS bytea
    LANGUAGE sql SECURITY DEFINER
    BEGIN ATOMIC
 SELECT erasure_log.first_line_hash
    FROM erasure_log
  FOR SHARE OF erasure_log;
END;
CREATE FUNCTION history_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'history is append-only';
END;
$$;
CREATE FUNCTION is_crowded(feed uuid, reader text, started_after timestamp with time zone, head timestamp with time zone, first_count bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM walk
        WHERE prospect_search_id = feed AND consumer = reader AND coalesce(since, '-infinity') = coalesce(started_after, '-infinity')
            AND watermark = head AND next_offset = first_count AND page_offset = 0
            AND runs >= 100 AND begun_at > now() - interval '30 seconds'
    );
END;
$$;
CREATE SEQUENCE walk_turn START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
CREATE FUNCTION move_walk(walked walk, skipped bigint, count bigint, has_more boolean, first_position bigint, last_position bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM move_walk(walked, skipped, count, has_more, first_position, last_position, 1::bigint);
END;
$$;
CREATE FUNCTION move_walk(walked walk, skipped bigint, count bigint, has_more boolean, first_position bigint, last_position bigint, askers bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION page_of_feed(feed uuid, live bigint, started_after timestamp with time zone, size integer, OUT total bigint, OUT count bigint, OUT last_at timestamp with time zone, OUT first_position bigint, OUT last_position bigint, OUT companies bytea) RETURNS record
    LANGUAGE plpgsql STABLE
    AS $$
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
CREATE FUNCTION page_of_walk(feed uuid, head timestamp with time zone, live bigint, reader text, started_after timestamp with time zone, size integer, skipped bigint, OUT walk walk, OUT is_expired boolean, OUT watermark timestamp with time zone, OUT total bigint, OUT has_more boolean, OUT count bigint, OUT last_at timestamp with time zone, OUT first_position bigint, OUT last_position bigint, OUT companies bytea) RETURNS record
    LANGUAGE plpgsql STABLE
    AS $$
#variable_conflict use_variable
BEGIN
    walk := walk_for(feed, reader, started_after, skipped);
    SELECT * INTO is_expired, watermark, total, has_more, count, last_at, first_position, last_position, companies
    FROM page_of_walk(feed, head, live, walk, started_after, size, skipped);
END;
$$;
CREATE FUNCTION page_of_walk(feed uuid, head timestamp with time zone, live bigint, walked walk, started_after timestamp with time zone, size integer, skipped bigint, OUT is_expired boolean, OUT watermark timestamp with time zone, OUT total bigint, OUT has_more boolean, OUT count bigint, OUT last_at timestamp with time zone, OUT first_position bigint, OUT last_position bigint, OUT companies bytea) RETURNS record
    LANGUAGE plpgsql STABLE
    AS $$
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
CREATE FUNCTION person_received_at(feed uuid, reader text, stood_from timestamp with time zone, erased_at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
    SELECT min(at) FROM (
        (SELECT at FROM receipt_step
        WHERE prospect_search_id = feed AND consumer = reader AND kind = 'served' AND is_gapless AND until >= stood_from
        ORDER BY until LIMIT 1)
        UNION ALL
        (SELECT at FROM receipt_step
        WHERE prospect_search_id = feed AND consumer = reader AND kind = 'served' AND NOT is_gapless AND until >= stood_from
        ORDER BY until LIMIT 1)
    ) AS first
    WHERE at < erased_at + interval '1 minute'
$$;
CREATE FUNCTION place_at(feed uuid, since timestamp with time zone, as_of timestamp with time zone, skipped bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
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
CREATE FUNCTION reader_of(shown bytea, search uuid, needed text) RETURNS TABLE(key_id uuid, key_name text, organization_id uuid, scopes text[], ended text, tier text, rate_limit bigint, search_id uuid, watermark timestamp with time zone, erasures bigint, live_companies bigint)
    LANGUAGE sql STABLE
    AS $$
    SELECT caller.key_id, caller.key_name, caller.organization_id, caller.scopes, caller.ended, caller.tier, caller.rate_limit,
        feed.id, feed.watermark, feed.erasures, feed.live_companies
    FROM (SELECT) AS request
    LEFT JOIN caller ON caller.secret_hash = shown
    LEFT JOIN prospect_search AS feed
        ON feed.id = search AND feed.organization_id = caller.organization_id AND caller.ended IS NULL
        AND caller.scopes @> string_to_array(needed, ' ')
    OFFSET 0
$$;
CREATE FUNCTION sum_up_places() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO erasure_search (erasure_id, prospect_search_id, first_at, gone_at)
    SELECT erasure_id, prospect_search_id, min(delivered_at), max(gone_at) FROM added GROUP BY erasure_id, prospect_search_id
    ON CONFLICT (erasure_id, prospect_search_id) DO UPDATE
    SET first_at = least(erasure_search.first_at, excluded.first_at), gone_at = greatest(erasure_search.gone_at, excluded.gone_at);
    RETURN NULL;
END;
$$;
CREATE FUNCTION walk_for(feed uuid, reader text, started_after timestamp with time zone, skipped bigint) RETURNS walk
    LANGUAGE plpgsql STABLE
    AS $$
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
CREATE VIEW caller AS SELECT secret_hash, id AS key_id, name AS key_name, organization_id, scopes, CASE WHEN (revoked_at IS NOT NULL) THEN 'revoked'::text WHEN (expires_at <= clock_timestamp()) THEN 'expired'::text ELSE NULL::text END AS ended, tier, rate_limit FROM api_key;

CREATE TABLE api_key (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    is_live boolean NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    tier text,
    rate_limit bigint,
    CONSTRAINT api_key_check CHECK (((NOT (tier IS DISTINCT FROM 'custom'::text)) = (rate_limit IS NOT NULL))),
    CONSTRAINT api_key_tier_check CHECK ((tier = ANY (ARRAY['free'::text, 'pro'::text, 'enterprise'::text, 'custom'::text])))
);
ALTER TABLE ONLY api_key ADD CONSTRAINT api_key_pkey PRIMARY KEY (id);
ALTER TABLE ONLY api_key ADD CONSTRAINT api_key_secret_hash_key UNIQUE (secret_hash);
CREATE INDEX api_key_organization ON api_key USING btree (organization_id, name);
ALTER TABLE ONLY api_key ADD CONSTRAINT api_key_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(id);
ALTER TABLE api_key ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON api_key USING ((organization_id = current_tenant()));

CREATE TABLE company (
    prospect_search_id uuid NOT NULL,
    id uuid NOT NULL,
    identity bytea NOT NULL,
    source_id text,
    "position" bigint NOT NULL,
    delivered_at timestamp with time zone NOT NULL,
    content_hash bytea,
    prospects integer NOT NULL
)
WITH (fillfactor='90');
ALTER TABLE ONLY company ADD CONSTRAINT company_pkey PRIMARY KEY (prospect_search_id, id);
CREATE INDEX company_id ON company USING btree (id);
CREATE UNIQUE INDEX company_identity ON company USING btree (prospect_search_id, identity);
ALTER TABLE company ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON company USING ((EXISTS ( SELECT FROM prospect_search feed WHERE (feed.id = company.prospect_search_id))));

CREATE TABLE console_session (
    token_hash bytea NOT NULL,
    key_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY console_session ADD CONSTRAINT console_session_pkey PRIMARY KEY (token_hash);
CREATE INDEX console_session_expiry ON console_session USING btree (expires_at);
ALTER TABLE ONLY console_session ADD CONSTRAINT console_session_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_key(id) ON DELETE CASCADE;
ALTER TABLE console_session ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON console_session USING ((EXISTS ( SELECT FROM api_key WHERE (api_key.id = console_session.key_id))));

CREATE TABLE delivery (
    prospect_search_id uuid NOT NULL,
    "position" bigint NOT NULL,
    delivered_at timestamp with time zone NOT NULL,
    company_id uuid NOT NULL,
    superseded_at timestamp with time zone,
    is_removal boolean NOT NULL,
    document text NOT NULL
)
WITH (fillfactor='95');
ALTER TABLE ONLY delivery ALTER COLUMN document SET STATISTICS 0;
ALTER TABLE ONLY delivery ADD CONSTRAINT delivery_pkey PRIMARY KEY (prospect_search_id, "position");
CREATE UNIQUE INDEX delivery_current ON delivery USING btree (prospect_search_id, delivered_at) WHERE (superseded_at IS NULL);
CREATE INDEX delivery_superseded ON delivery USING btree (prospect_search_id, company_id) WHERE (superseded_at IS NOT NULL);
CREATE INDEX delivery_superseded_at ON delivery USING btree (prospect_search_id, superseded_at) WHERE (superseded_at IS NOT NULL);
CREATE TRIGGER count_removal AFTER INSERT ON delivery FOR EACH ROW WHEN ((new.is_removal AND (new.superseded_at IS NULL))) EXECUTE FUNCTION count_removal();
CREATE TRIGGER count_removal_superseded AFTER UPDATE OF superseded_at ON delivery FOR EACH ROW WHEN ((new.is_removal AND (old.superseded_at IS NULL) AND (new.superseded_at IS NOT NULL))) EXECUTE FUNCTION count_removal();
ALTER TABLE delivery ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON delivery USING ((EXISTS ( SELECT FROM prospect_search feed WHERE (feed.id = delivery.prospect_search_id))));

CREATE TABLE delivery_hour (
    prospect_search_id uuid NOT NULL,
    hour timestamp with time zone NOT NULL,
    deliveries bigint NOT NULL
)
WITH (fillfactor='50');
ALTER TABLE ONLY delivery_hour ADD CONSTRAINT delivery_hour_pkey PRIMARY KEY (prospect_search_id, hour);
ALTER TABLE delivery_hour ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON delivery_hour USING ((EXISTS ( SELECT FROM prospect_search feed WHERE (feed.id = delivery_hour.prospect_search_id))));

CREATE TABLE erasure (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    subject_hash bytea NOT NULL,
    actor text NOT NULL,
    erased_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    deadline_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY erasure ADD CONSTRAINT erasure_pkey PRIMARY KEY (id);
CREATE INDEX erasure_organization ON erasure USING btree (organization_id, erased_at);
CREATE INDEX erasure_subject ON erasure USING btree (organization_id, subject_hash);
ALTER TABLE ONLY erasure ADD CONSTRAINT erasure_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(id);
ALTER TABLE erasure ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON erasure USING ((organization_id = current_tenant()));

CREATE TABLE erasure_log (
    is_only boolean DEFAULT true NOT NULL,
    first_line_hash bytea,
    place text,
    read_bytes bigint,
    read_hash bytea,
    CONSTRAINT erasure_log_is_only_check CHECK (is_only)
);
ALTER TABLE ONLY erasure_log ADD CONSTRAINT erasure_log_pkey PRIMARY KEY (is_only);

CREATE TABLE erasure_place (
    erasure_id uuid NOT NULL,
    prospect_search_id uuid NOT NULL,
    company_id uuid NOT NULL,
    prospect_id uuid,
    delivered_at timestamp with time zone NOT NULL,
    gone_at timestamp with time zone NOT NULL
);
CREATE INDEX erasure_place_gone ON erasure_place USING btree (prospect_search_id, gone_at);
CREATE UNIQUE INDEX erasure_place_once ON erasure_place USING btree (erasure_id, prospect_search_id, company_id, prospect_id) NULLS NOT DISTINCT;
CREATE TRIGGER sum_up_places AFTER INSERT ON erasure_place REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sum_up_places();
ALTER TABLE ONLY erasure_place ADD CONSTRAINT erasure_place_erasure_id_fkey FOREIGN KEY (erasure_id) REFERENCES erasure(id);
ALTER TABLE ONLY erasure_place ADD CONSTRAINT erasure_place_prospect_search_id_fkey FOREIGN KEY (prospect_search_id) REFERENCES prospect_search(id);
ALTER TABLE erasure_place ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON erasure_place USING ((EXISTS ( SELECT FROM prospect_search feed WHERE (feed.id = erasure_place.prospect_search_id))));

CREATE TABLE erasure_search (
    erasure_id uuid NOT NULL,
    prospect_search_id uuid NOT NULL,
    first_at timestamp with time zone NOT NULL,
    gone_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY erasure_search ADD CONSTRAINT erasure_search_pkey PRIMARY KEY (erasure_id, prospect_search_id);
CREATE INDEX erasure_search_gone ON erasure_search USING btree (prospect_search_id, gone_at);
ALTER TABLE ONLY erasure_search ADD CONSTRAINT erasure_search_erasure_id_fkey FOREIGN KEY (erasure_id) REFERENCES erasure(id);
ALTER TABLE ONLY erasure_search ADD CONSTRAINT erasure_search_prospect_search_id_fkey FOREIGN KEY (prospect_search_id) REFERENCES prospect_search(id);
ALTER TABLE erasure_search ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON erasure_search USING ((EXISTS ( SELECT FROM prospect_search feed WHERE (feed.id = erasure_search.prospect_search_id))));

CREATE TABLE erasure_settlement (
    erasure_id uuid NOT NULL,
    consumer text NOT NULL,
    settled_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL
);
ALTER TABLE ONLY erasure_settlement ADD CONSTRAINT erasure_settlement_pkey PRIMARY KEY (erasure_id, consumer);
ALTER TABLE ONLY erasure_settlement ADD CONSTRAINT erasure_settlement_erasure_id_fkey FOREIGN KEY (erasure_id) REFERENCES erasure(id);
ALTER TABLE erasure_settlement ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON erasure_settlement USING ((EXISTS ( SELECT FROM erasure WHERE (erasure.id = erasure_settlement.erasure_id))));

CREATE TABLE history (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    organization_id uuid NOT NULL,
    prospect_search_id uuid,
    company_id uuid,
    actor text NOT NULL,
    action text NOT NULL,
    details jsonb,
    key_id uuid
);
ALTER TABLE history ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME history_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
CREATE INDEX history_company ON history USING btree (prospect_search_id, company_id, id) WHERE (company_id IS NOT NULL);
CREATE INDEX history_organization ON history USING btree (organization_id, id) WHERE (company_id IS NULL);
CREATE TRIGGER history_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON history FOR EACH STATEMENT EXECUTE FUNCTION history_is_append_only();
ALTER TABLE history ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON history USING ((organization_id = current_tenant()));

CREATE TABLE idempotent_answer (
    organization_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    body text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
ALTER TABLE ONLY idempotent_answer ADD CONSTRAINT idempotent_answer_pkey PRIMARY KEY (organization_id, key);
CREATE INDEX idempotent_answer_age ON idempotent_answer USING btree (created_at);
ALTER TABLE ONLY idempotent_answer ADD CONSTRAINT idempotent_answer_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(id);
ALTER TABLE idempotent_answer ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON idempotent_answer USING ((organization_id = current_tenant()));

CREATE TABLE instance (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    is_only boolean DEFAULT true NOT NULL,
    erasure_log text,
    CONSTRAINT instance_is_only_check CHECK (is_only)
);
ALTER TABLE ONLY instance ADD CONSTRAINT instance_is_only_key UNIQUE (is_only);
ALTER TABLE ONLY instance ADD CONSTRAINT instance_pkey PRIMARY KEY (id);

CREATE TABLE organization (
    id uuid NOT NULL,
    name text NOT NULL,
    hash_key bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
ALTER TABLE ONLY organization ADD CONSTRAINT organization_name_key UNIQUE (name);
ALTER TABLE ONLY organization ADD CONSTRAINT organization_pkey PRIMARY KEY (id);
ALTER TABLE organization ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON organization USING ((id = current_tenant()));

CREATE TABLE prospect (
    prospect_search_id uuid NOT NULL,
    company_id uuid NOT NULL,
    id uuid NOT NULL,
    email_hash bytea,
    name_hash bytea NOT NULL,
    delivered_at timestamp with time zone NOT NULL,
    left_at timestamp with time zone
)
WITH (fillfactor='90');
ALTER TABLE ONLY prospect ADD CONSTRAINT prospect_pkey PRIMARY KEY (prospect_search_id, company_id, id);
CREATE INDEX prospect_email ON prospect USING btree (email_hash) WHERE (email_hash IS NOT NULL);
CREATE INDEX prospect_id ON prospect USING btree (id);
ALTER TABLE prospect ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON prospect USING ((EXISTS ( SELECT FROM prospect_search feed WHERE (feed.id = prospect.prospect_search_id))));

CREATE TABLE prospect_search (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL,
    watermark timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    live_companies bigint DEFAULT 0 NOT NULL,
    live_prospects bigint DEFAULT 0 NOT NULL,
    erasures bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');
ALTER TABLE ONLY prospect_search ADD CONSTRAINT prospect_search_pkey PRIMARY KEY (id);
CREATE INDEX prospect_search_organization ON prospect_search USING btree (organization_id, created_at);
CREATE TRIGGER count_delivery_hour AFTER UPDATE OF "position" ON prospect_search FOR EACH ROW WHEN ((new."position" > old."position")) EXECUTE FUNCTION count_delivery_hour();
ALTER TABLE ONLY prospect_search ADD CONSTRAINT prospect_search_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(id);
ALTER TABLE prospect_search ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON prospect_search USING ((organization_id = current_tenant()));

CREATE TABLE receipt (
    prospect_search_id uuid NOT NULL,
    consumer text NOT NULL,
    served_until timestamp with time zone,
    served_at timestamp with time zone,
    confirmed_until timestamp with time zone,
    confirmed_at timestamp with time zone,
    gaps tstzmultirange DEFAULT '{}'::tstzmultirange NOT NULL,
    machine uuid,
    machine_seconds double precision
)
WITH (fillfactor='50');
ALTER TABLE ONLY receipt ADD CONSTRAINT receipt_pkey PRIMARY KEY (prospect_search_id, consumer);
ALTER TABLE ONLY receipt ADD CONSTRAINT receipt_prospect_search_id_fkey FOREIGN KEY (prospect_search_id) REFERENCES prospect_search(id);
ALTER TABLE receipt ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON receipt USING ((EXISTS ( SELECT FROM prospect_search feed WHERE (feed.id = receipt.prospect_search_id))));

CREATE TABLE receipt_step (
    id bigint NOT NULL,
    prospect_search_id uuid NOT NULL,
    consumer text NOT NULL,
    kind text NOT NULL,
    until timestamp with time zone NOT NULL,
    at timestamp with time zone NOT NULL,
    is_gapless boolean DEFAULT true NOT NULL,
    machine uuid,
    machine_seconds double precision,
    CONSTRAINT receipt_step_kind_check CHECK ((kind = ANY (ARRAY['served'::text, 'confirmed'::text])))
);
ALTER TABLE receipt_step ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME receipt_step_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE ONLY receipt_step ADD CONSTRAINT receipt_step_pkey PRIMARY KEY (prospect_search_id, id);
CREATE INDEX receipt_step_of ON receipt_step USING btree (prospect_search_id, consumer, kind, is_gapless, until);
ALTER TABLE ONLY receipt_step ADD CONSTRAINT receipt_step_prospect_search_id_consumer_fkey FOREIGN KEY (prospect_search_id, consumer) REFERENCES receipt(prospect_search_id, consumer);
ALTER TABLE receipt_step ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON receipt_step USING ((EXISTS ( SELECT FROM prospect_search feed WHERE (feed.id = receipt_step.prospect_search_id))));

CREATE UNLOGGED TABLE request_count (
    key_id uuid NOT NULL,
    taken bigint NOT NULL,
    given bigint NOT NULL,
    ends_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');
ALTER TABLE ONLY request_count ADD CONSTRAINT request_count_pkey PRIMARY KEY (key_id);
ALTER TABLE ONLY request_count ADD CONSTRAINT request_count_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_key(id);
ALTER TABLE request_count ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON request_count USING ((EXISTS ( SELECT FROM api_key WHERE (api_key.id = request_count.key_id))));

CREATE TABLE schema_migration (
    version text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY schema_migration ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (version);

CREATE TABLE suppression (
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
ALTER TABLE ONLY suppression ADD CONSTRAINT suppression_pkey PRIMARY KEY (organization_id, kind, hash);
ALTER TABLE ONLY suppression ADD CONSTRAINT suppression_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(id);
ALTER TABLE suppression ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON suppression USING ((organization_id = current_tenant()));

CREATE TABLE tally (
    prospect_search_id uuid NOT NULL,
    level smallint NOT NULL,
    block bigint NOT NULL,
    deliveries bigint NOT NULL,
    removals bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');
ALTER TABLE ONLY tally ADD CONSTRAINT tally_pkey PRIMARY KEY (prospect_search_id, level, block);
ALTER TABLE tally ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tally USING ((EXISTS ( SELECT FROM prospect_search feed WHERE (feed.id = tally.prospect_search_id))));

CREATE TABLE walk (
    id bigint NOT NULL,
    prospect_search_id uuid NOT NULL,
    consumer text NOT NULL,
    since timestamp with time zone,
    watermark timestamp with time zone NOT NULL,
    total bigint NOT NULL,
    next_offset bigint,
    next_position bigint,
    page_offset bigint NOT NULL,
    page_position bigint NOT NULL,
    reached_offset bigint NOT NULL,
    begun_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    used_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    told_at timestamp with time zone,
    runs integer DEFAULT 1 NOT NULL,
    turn bigint DEFAULT nextval('walk_turn'::regclass) NOT NULL
)
WITH (fillfactor='50');
ALTER TABLE walk ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME walk_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE ONLY walk ADD CONSTRAINT walk_pkey PRIMARY KEY (prospect_search_id, id);
CREATE INDEX walk_of_snapshot ON walk USING btree (prospect_search_id, consumer, COALESCE(since, '-infinity'::timestamp with time zone), watermark DESC, turn DESC, id DESC);
CREATE POLICY tenant ON walk USING ((EXISTS ( SELECT FROM prospect_search feed WHERE (feed.id = walk.prospect_search_id))));
ALTER TABLE walk ENABLE ROW LEVEL SECURITY;

CREATE TABLE webhook (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    prospect_search_id uuid,
    url text NOT NULL,
    events text[] NOT NULL,
    is_full boolean NOT NULL,
    base_url text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    disabled_at timestamp with time zone,
    disabled_reason text,
    answers_kept_from timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    was_given_up boolean DEFAULT false NOT NULL
);
ALTER TABLE ONLY webhook ADD CONSTRAINT webhook_pkey PRIMARY KEY (id);
CREATE INDEX webhook_organization ON webhook USING btree (organization_id, created_at);
ALTER TABLE ONLY webhook ADD CONSTRAINT webhook_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(id);
CREATE POLICY tenant ON webhook USING ((organization_id = current_tenant()));
ALTER TABLE webhook ENABLE ROW LEVEL SECURITY;

CREATE TABLE webhook_attempt (
    id bigint NOT NULL,
    webhook_id uuid NOT NULL,
    prospect_search_id uuid,
    event text NOT NULL,
    message_id text NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    latency_ms integer NOT NULL,
    status integer,
    failure text,
    answer text
);
ALTER TABLE webhook_attempt ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME webhook_attempt_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );
ALTER TABLE ONLY webhook_attempt ADD CONSTRAINT webhook_attempt_pkey PRIMARY KEY (id);
CREATE INDEX webhook_attempt_age ON webhook_attempt USING btree (at);
CREATE INDEX webhook_attempt_of ON webhook_attempt USING btree (webhook_id, id);
ALTER TABLE ONLY webhook_attempt ADD CONSTRAINT webhook_attempt_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhook(id) ON DELETE CASCADE;
CREATE POLICY tenant ON webhook_attempt USING ((EXISTS ( SELECT FROM webhook WHERE (webhook.id = webhook_attempt.webhook_id))));
ALTER TABLE webhook_attempt ENABLE ROW LEVEL SECURITY;

CREATE TABLE webhook_position (
    webhook_id uuid NOT NULL,
    prospect_search_id uuid NOT NULL,
    "position" timestamp with time zone NOT NULL,
    completed_until timestamp with time zone NOT NULL,
    accepted_until timestamp with time zone,
    claim uuid,
    claimed_until timestamp with time zone,
    next_attempt_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    succeeded_at timestamp with time zone
)
WITH (fillfactor='50');
ALTER TABLE ONLY webhook_position ADD CONSTRAINT webhook_position_pkey PRIMARY KEY (webhook_id, prospect_search_id);
ALTER TABLE ONLY webhook_position ADD CONSTRAINT webhook_position_prospect_search_id_fkey FOREIGN KEY (prospect_search_id) REFERENCES prospect_search(id);
ALTER TABLE ONLY webhook_position ADD CONSTRAINT webhook_position_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhook(id) ON DELETE CASCADE;
CREATE POLICY tenant ON webhook_position USING ((EXISTS ( SELECT FROM webhook WHERE (webhook.id = webhook_position.webhook_id))));
ALTER TABLE webhook_position ENABLE ROW LEVEL SECURITY;

CREATE TABLE webhook_secret (
    webhook_id uuid NOT NULL,
    secret bytea,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    retires_at timestamp with time zone,
    sealed bytea,
    key_id text
);
ALTER TABLE ONLY webhook_secret ADD CONSTRAINT webhook_secret_pkey PRIMARY KEY (webhook_id, created_at);
ALTER TABLE ONLY webhook_secret ADD CONSTRAINT webhook_secret_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhook(id) ON DELETE CASCADE;
CREATE POLICY tenant ON webhook_secret USING ((EXISTS ( SELECT FROM webhook WHERE (webhook.id = webhook_secret.webhook_id))));
ALTER TABLE webhook_secret ENABLE ROW LEVEL SECURITY;
