-- create_organization :one
-- A tenant, with a key of its own for everything that is kept hashed. No row where the name is taken.
INSERT INTO organization (id, name, hash_key) VALUES ($1, $2, $3)
ON CONFLICT (name) DO NOTHING
RETURNING id, name;

-- organizations :many
-- Every tenant, and what it has: searches, and keys that still work.
SELECT organization.id, organization.name, organization.created_at,
    (SELECT count(*) FROM prospect_search WHERE organization_id = organization.id) AS searches,
    (SELECT count(*) FROM caller WHERE caller.organization_id = organization.id AND ended IS NULL) AS keys
FROM organization ORDER BY organization.name;

-- organization_named :one
-- The tenant of this name.
SELECT id, name FROM organization WHERE name = $1;

-- first_organizations :many
-- The first of the tenants by name, each with how many there are of all.
SELECT id, name, count(*) OVER () AS total FROM organization ORDER BY name LIMIT $1;

-- create_key :one
-- A key; of its secret only the hash.
INSERT INTO api_key (id, organization_id, name, secret_hash, scopes, is_live, expires_at, tier, rate_limit)
VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7::interval, $8, $9)
RETURNING id, expires_at;

-- keys :many
-- Every key, newest last, without its hash.
SELECT api_key.id, api_key.name, organization.name AS organization, scopes, is_live,
       api_key.created_at, expires_at, revoked_at, last_used_at, tier, rate_limit
FROM api_key JOIN organization ON organization.id = organization_id
ORDER BY api_key.created_at, api_key.id;

-- revoke_key :one
-- Ends a key at once. No row where there is no such key; revoking twice keeps the first time.
UPDATE api_key SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE id = $1
RETURNING id, name, organization_id, revoked_at;

-- caller :one
-- Whom a secret stands for, and what ended it, if anything did.
SELECT key_id, key_name, organization_id, scopes, ended, tier, rate_limit FROM caller WHERE secret_hash = $1;

-- touch_keys :execute
-- When each key was last used: many keys in one statement, never backwards.
WITH held AS (
    -- In an order, so that two processes which note the same keys do not each hold what the other waits for.
    SELECT id FROM api_key WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
)
UPDATE api_key SET last_used_at = used.at
FROM held JOIN unnest($1::uuid[], $2::timestamptz[]) AS used (id, at) ON used.id = held.id
WHERE api_key.id = held.id AND (last_used_at IS NULL OR last_used_at < used.at);

-- set_tier :one
-- Another tier for a key. No row where there is no such key.
UPDATE api_key SET tier = $2, rate_limit = $3 WHERE id = $1
RETURNING id, name, organization_id;

-- take_requests :one
-- Takes up to $2 of the $3 requests that a key has in an hour: how many that were, how many there are left, and when the hour ends.
-- An hour begins with its first request. One that ends later than in an hour began before the clock was set back.
INSERT INTO request_count AS counted (key_id, taken, given, ends_at)
VALUES ($1, least($2::bigint, $3::bigint), least($2::bigint, $3::bigint), clock_timestamp() + interval '1 hour')
ON CONFLICT (key_id) DO UPDATE SET (taken, given, ends_at) = (
    SELECT hour.taken + fresh.given, fresh.given, hour.ends_at
    FROM (
        SELECT CASE WHEN is_over THEN 0 ELSE counted.taken END AS taken,
            CASE WHEN is_over THEN clock_timestamp() + interval '1 hour' ELSE counted.ends_at END AS ends_at
        FROM (SELECT counted.ends_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '1 hour' AS is_over) AS clock
    ) AS hour, LATERAL (SELECT greatest(least($2::bigint, $3::bigint - hour.taken), 0) AS given) AS fresh
)
RETURNING given, greatest($3::bigint - taken, 0) AS left, extract(epoch FROM ends_at - clock_timestamp())::float8 AS seconds;
