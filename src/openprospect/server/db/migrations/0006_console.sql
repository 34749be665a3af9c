-- The console: who is signed in, and how much was delivered when.

CREATE TABLE console_session (
    -- Of the cookie's value only its hash: reading this table signs nobody in.
    token_hash bytea PRIMARY KEY,
    key_id uuid NOT NULL REFERENCES api_key ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);

CREATE INDEX console_session_expiry ON console_session (expires_at);

-- How many rows each feed grew by in each hour. The feed itself cannot tell: what is superseded leaves it.
CREATE TABLE delivery_hour (
    prospect_search_id uuid NOT NULL,
    hour timestamptz NOT NULL,
    deliveries bigint NOT NULL,
    PRIMARY KEY (prospect_search_id, hour)
) WITH (fillfactor = 50);

CREATE FUNCTION count_delivery_hour() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO delivery_hour (prospect_search_id, hour, deliveries)
    VALUES (NEW.id, date_trunc('hour', NEW.watermark, 'UTC'), NEW.position - OLD.position)
    ON CONFLICT (prospect_search_id, hour) DO UPDATE SET deliveries = delivery_hour.deliveries + excluded.deliveries;
    RETURN NULL;
END;
$$;

-- Once a batch, by whoever holds the feed's head anyway: nobody waits for it.
CREATE TRIGGER count_delivery_hour AFTER UPDATE OF position ON prospect_search
    FOR EACH ROW WHEN (NEW.position > OLD.position) EXECUTE FUNCTION count_delivery_hour();

-- How many current rows a feed has from a position on: the rest of its smallest block, then whole blocks, ever bigger.
CREATE FUNCTION current_from(feed uuid, first bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (
        SELECT count(*) FROM delivery
        WHERE prospect_search_id = feed AND superseded_at IS NULL AND position >= first AND position < ((first >> 7) + 1) << 7
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
