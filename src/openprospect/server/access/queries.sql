-- create_organization :one
-- A tenant, with a key of its own for everything that is kept hashed. No row where the name is taken.
INSERT INTO organization (id, name, hash_key) VALUES ($1, $2, $3)
ON CONFLICT (name) DO NOTHING
RETURNING id, name;

-- organization_named :one
-- The tenant of this name.
SELECT id, name FROM organization WHERE name = $1;

-- create_key :one
-- A key; of its secret only the hash.
INSERT INTO api_key (id, organization_id, name, secret_hash, scopes, is_live, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7::interval)
RETURNING id, expires_at;

-- keys :many
-- Every key, newest last, without its hash.
SELECT api_key.id, api_key.name, organization.name AS organization, scopes, is_live,
       api_key.created_at, expires_at, revoked_at, last_used_at
FROM api_key JOIN organization ON organization.id = organization_id
ORDER BY api_key.created_at, api_key.id;

-- revoke_key :one
-- Ends a key at once. No row where there is no such key; revoking twice keeps the first time.
UPDATE api_key SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE id = $1
RETURNING id, name, organization_id, revoked_at;

-- caller :one
-- Whom a secret stands for, and what ended it, if anything did.
SELECT key_id, key_name, organization_id, scopes, ended FROM caller WHERE secret_hash = $1;

-- touch_keys :execute
-- When each key was last used: many keys in one statement, never backwards.
UPDATE api_key SET last_used_at = used.at
FROM unnest($1::uuid[], $2::timestamptz[]) AS used (id, at)
WHERE api_key.id = used.id AND (last_used_at IS NULL OR last_used_at < used.at);
