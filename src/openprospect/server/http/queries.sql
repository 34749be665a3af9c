-- claim_keys :many
-- Which of the keys nobody else is working under; holds these until commit. Never waits, so never in a circle.
SELECT key, pg_try_advisory_xact_lock(hashtextextended($1::uuid || ' ' || key, 1)) AS is_free FROM unnest($2::text[]) AS key;

-- answers_kept :many
-- What was answered under these keys within a day.
SELECT key, request_hash, body FROM idempotent_answer
WHERE organization_id = $1 AND key = ANY ($2::text[]) AND created_at > clock_timestamp() - interval '24 hours';

-- keep_answers :execute
-- Remembers answers, in the transaction of what they tell of; outdated ones make room.
INSERT INTO idempotent_answer (organization_id, key, request_hash, body)
SELECT $1, key, request_hash, body FROM unnest($2::text[], $3::bytea[], $4::text[]) AS answer (key, request_hash, body)
ON CONFLICT (organization_id, key) DO UPDATE
SET request_hash = excluded.request_hash, body = excluded.body, created_at = excluded.created_at;
