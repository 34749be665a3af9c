-- How many requests an hour a key may make, and how many of them have been given out.

-- The numbers of tiers are settings; a key without one has that of all such keys.
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE api_key ADD COLUMN tier text CHECK (tier IN ('free', 'pro', 'enterprise', 'custom'));
-- The number of a key of its own.
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE api_key ADD COLUMN rate_limit bigint CHECK ((tier IS NOT DISTINCT FROM 'custom') = (rate_limit IS NOT NULL));

-- Where a key's hour stands, over all processes. Not worth a place in the write-ahead log: after a crash every key begins its hour anew.
CREATE UNLOGGED TABLE request_count (
    key_id uuid PRIMARY KEY REFERENCES api_key,
    taken bigint NOT NULL,
    -- What whoever asked last was given of it.
    given bigint NOT NULL,
    ends_at timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE OR REPLACE VIEW caller AS
SELECT secret_hash, id AS key_id, name AS key_name, organization_id, scopes,
    CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= clock_timestamp() THEN 'expired' END AS ended,
    tier, rate_limit
FROM api_key;
