-- claim_key :value
-- Whether nobody else is working under this key; holds it until commit.
SELECT pg_try_advisory_xact_lock(hashtextextended($1, 1));

-- answer_kept :one
-- What was answered under this key within a day.
SELECT request_hash, body FROM idempotent_answer
WHERE organization_id = $1 AND key = $2 AND created_at > clock_timestamp() - interval '24 hours';

-- keep_answer :execute
-- Remembers an answer, in the transaction of what it tells of; an outdated one makes room.
INSERT INTO idempotent_answer (organization_id, key, request_hash, body) VALUES ($1, $2, $3, $4)
ON CONFLICT (organization_id, key) DO UPDATE
SET request_hash = excluded.request_hash, body = excluded.body, created_at = excluded.created_at;
