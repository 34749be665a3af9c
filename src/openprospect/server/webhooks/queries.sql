-- add_webhook :execute
-- An endpoint.
INSERT INTO webhook (id, organization_id, prospect_search_id, url, events, is_full, base_url) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- update_webhook :execute
-- Where messages go, and where their links lead; what is null stays.
UPDATE webhook SET url = coalesce($2, url), base_url = coalesce($3, base_url) WHERE id = $1;

-- add_secret :execute
-- What its messages are signed with from now on.
INSERT INTO webhook_secret (webhook_id, sealed, key_id) VALUES ($1, $2, $3);

-- retire_secrets :value
-- Gives the secrets in use so long to live; answers when the last of them ends.
UPDATE webhook_secret SET retires_at = clock_timestamp() + $2::interval WHERE webhook_id = $1 AND retires_at IS NULL
RETURNING retires_at;

-- drop_retired_secrets :execute
-- Those that nothing is signed with any more.
DELETE FROM webhook_secret WHERE webhook_id = $1 AND retires_at <= clock_timestamp();

-- clear_secrets :many
-- Secrets that lie there in clear, from a version that did not seal.
SELECT webhook_id, created_at, secret AS content FROM webhook_secret WHERE secret IS NOT NULL FOR UPDATE;

-- secrets_of_other_keys :many
-- Secrets that are sealed with another key than this one.
SELECT webhook_id, created_at, sealed AS content FROM webhook_secret WHERE sealed IS NOT NULL AND key_id IS DISTINCT FROM $1 FOR UPDATE;

-- seal_secret :execute
-- A secret as it lies there from now on.
UPDATE webhook_secret SET secret = NULL, sealed = $3, key_id = $4 WHERE webhook_id = $1 AND created_at = $2;

-- begin_at_heads :execute
-- An endpoint starts where its feeds stand now.
INSERT INTO webhook_position (webhook_id, prospect_search_id, position, completed_until)
SELECT webhook.id, feed.id, feed.watermark, feed.watermark FROM webhook
JOIN prospect_search AS feed ON feed.organization_id = webhook.organization_id
    AND (webhook.prospect_search_id IS NULL OR feed.id = webhook.prospect_search_id)
WHERE webhook.id = $1;

-- adopt_searches :value
-- Endpoints of a whole organization follow searches opened since, from their beginning. Answers whether there is any endpoint to serve.
WITH adopted AS (
    INSERT INTO webhook_position (webhook_id, prospect_search_id, position, completed_until)
    SELECT webhook.id, feed.id, feed.created_at, feed.created_at FROM webhook
    JOIN prospect_search AS feed ON feed.organization_id = webhook.organization_id
    WHERE webhook.prospect_search_id IS NULL AND NOT EXISTS (
        SELECT FROM webhook_position AS place WHERE place.webhook_id = webhook.id AND place.prospect_search_id = feed.id
    )
    ON CONFLICT DO NOTHING
)
SELECT EXISTS (SELECT FROM webhook WHERE disabled_at IS NULL);

-- webhooks :many
-- A tenant's endpoints, or all of them, oldest first, each with how it is doing.
SELECT webhook.id, organization_id, webhook.prospect_search_id AS search_id, url, events, is_full, created_at,
    disabled_at, disabled_reason, was_given_up, state.failing_since, state.succeeded_at, state.next_attempt_at
FROM webhook CROSS JOIN LATERAL (
    SELECT min(failing_since) AS failing_since, max(succeeded_at) AS succeeded_at,
        min(next_attempt_at) FILTER (WHERE failures > 0) AS next_attempt_at
    FROM webhook_position WHERE webhook_id = webhook.id
) AS state
WHERE ($1::uuid IS NULL OR organization_id = $1) AND ($2::uuid IS NULL OR webhook.id = $2)
ORDER BY created_at, webhook.id LIMIT $3 OFFSET $4;

-- count_webhooks :value
-- How many endpoints a tenant has.
SELECT count(*) FROM webhook WHERE organization_id = $1;

-- delete_webhook :execute
-- Forgets an endpoint, its places and its log.
DELETE FROM webhook WHERE id = $1;

-- disable :value
-- Somebody has nothing more sent to an endpoint; no row where it is so already. One that was given up keeps its reason, and counts as a
-- fault no more.
UPDATE webhook SET disabled_at = coalesce(disabled_at, clock_timestamp()), disabled_reason = coalesce(disabled_reason, $2), was_given_up = false
WHERE id = $1 AND (disabled_at IS NULL OR was_given_up) RETURNING id;

-- hold_webhook :execute
-- Until commit nobody moves, disables or enables an endpoint.
SELECT FROM webhook WHERE id = $1 FOR NO KEY UPDATE;

-- give_up :value
-- Disables an endpoint for what became of messages from one of its places; no row where it is off, or whoever sent them has lost the claim.
UPDATE webhook SET disabled_at = clock_timestamp(), disabled_reason = $4, was_given_up = true
WHERE id = $1 AND disabled_at IS NULL AND EXISTS (
    SELECT FROM webhook_position WHERE webhook_id = $1 AND prospect_search_id = $2 AND claim = $3
) RETURNING id;

-- enable :value
-- An endpoint is sent to again; no row where it is not disabled, or was disabled by somebody and $2 names those alone that were given up.
UPDATE webhook SET disabled_at = NULL, disabled_reason = NULL, was_given_up = false
WHERE id = $1 AND disabled_at IS NOT NULL AND (was_given_up OR NOT $2::boolean) RETURNING id;

-- begin_anew :execute
-- The places of an endpoint go on where they stand, at once and with a clean record. Whoever is sending from there loses the claim.
UPDATE webhook_position AS place
SET failures = 0, failing_since = NULL, next_attempt_at = clock_timestamp(), claim = NULL, claimed_until = NULL
FROM (
    SELECT webhook_id, prospect_search_id FROM webhook_position WHERE webhook_id = $1
    ORDER BY webhook_id, prospect_search_id FOR NO KEY UPDATE
) AS held
WHERE place.webhook_id = held.webhook_id AND place.prospect_search_id = held.prospect_search_id;

-- rewind :execute
-- Moves an endpoint back in its feeds, or in one of them; never forward. Whoever is sending from there loses the claim.
UPDATE webhook_position AS place SET position = least(position, $2), completed_until = least(completed_until, $2),
    claim = NULL, claimed_until = NULL, next_attempt_at = clock_timestamp()
FROM (
    SELECT webhook_id, prospect_search_id FROM webhook_position WHERE webhook_id = $1 AND ($3::uuid IS NULL OR prospect_search_id = $3)
    ORDER BY webhook_id, prospect_search_id FOR NO KEY UPDATE
) AS held
WHERE place.webhook_id = held.webhook_id AND place.prospect_search_id = held.prospect_search_id;

-- before_company :many
-- The moments just before the newest deliveries of a company, in the feeds that an endpoint follows; in the order that its places are held in.
SELECT place.prospect_search_id, delivered_at - interval '1 microsecond' AS moment
FROM webhook_position AS place
JOIN company ON company.prospect_search_id = place.prospect_search_id AND company.id = $2
WHERE webhook_id = $1 ORDER BY place.prospect_search_id;

-- target :one
-- Where an endpoint's messages go, and how they are made and signed.
SELECT id, url, base_url, events, is_full, answers_kept_from, ARRAY(
    SELECT sealed FROM webhook_secret
    WHERE webhook_id = webhook.id AND sealed IS NOT NULL AND (retires_at IS NULL OR retires_at > clock_timestamp()) ORDER BY created_at DESC
) AS sealed_secrets
FROM webhook WHERE id = $1;

-- claim :many
-- Takes places that have something to send and are free: those whose last attempt failed, or the others. Longest waiting first.
-- Each has a claim of its own, so that one which nobody serves any more runs out, however long the others last.
WITH due AS (
    SELECT place.webhook_id, place.prospect_search_id FROM webhook_position AS place
    JOIN webhook ON webhook.id = place.webhook_id
    JOIN prospect_search AS feed ON feed.id = place.prospect_search_id
    WHERE (place.failures > 0) = $1 AND disabled_at IS NULL AND next_attempt_at <= clock_timestamp()
        AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
        AND (feed.watermark > place.position OR (
            -- As in `next_events`: a delivery is complete once the feed has been quiet for a second, or has gone on for half a minute.
            feed.watermark > place.completed_until AND 'delivery.completed' = ANY (webhook.events)
            AND (feed.watermark < clock_timestamp() - interval '1 second' OR feed.watermark > place.completed_until + interval '30 seconds')
        ))
    ORDER BY next_attempt_at LIMIT $2
    FOR UPDATE OF place SKIP LOCKED
)
UPDATE webhook_position AS place SET claim = gen_random_uuid(), claimed_until = clock_timestamp() + $3::interval
FROM due WHERE place.webhook_id = due.webhook_id AND place.prospect_search_id = due.prospect_search_id
RETURNING place.webhook_id, place.prospect_search_id AS search_id, place.claim;

-- keep_claims :execute
-- Claims of a process that is alive.
UPDATE webhook_position AS place SET claimed_until = clock_timestamp() + $2::interval
FROM (
    SELECT webhook_id, prospect_search_id FROM webhook_position WHERE claim = ANY ($1::uuid[])
    ORDER BY webhook_id, prospect_search_id FOR NO KEY UPDATE
) AS held
WHERE place.webhook_id = held.webhook_id AND place.prospect_search_id = held.prospect_search_id;

-- next_events :one
-- What a claimed place has to send now. No row where the claim is lost or the endpoint is not served any more.
SELECT webhook.id, url, base_url, events, is_full, answers_kept_from, ARRAY(
        SELECT sealed FROM webhook_secret
        WHERE webhook_id = webhook.id AND sealed IS NOT NULL AND (retires_at IS NULL OR retires_at > clock_timestamp()) ORDER BY created_at DESC
    ) AS sealed_secrets,
    feed.watermark,
    feed.watermark > place.completed_until AND 'delivery.completed' = ANY (events) AND (
        feed.watermark < clock_timestamp() - interval '1 second' OR feed.watermark > place.completed_until + interval '30 seconds'
    ) AS completion_due,
    change.at, change.company_id, change.is_removal, change.document, ARRAY(
        SELECT prospect_id FROM erasure_place
        WHERE prospect_search_id = $2 AND gone_at = change.at AND company_id = change.company_id
            AND prospect_id IS NOT NULL AND 'prospect.erased' = ANY (events)
        ORDER BY prospect_id
    ) AS erased
FROM webhook_position AS place
JOIN webhook ON webhook.id = place.webhook_id
JOIN prospect_search AS feed ON feed.id = place.prospect_search_id
LEFT JOIN LATERAL (
    SELECT * FROM (
        (
            SELECT delivered_at AS at, company_id, is_removal, CASE WHEN is_full THEN document END AS document FROM delivery
            WHERE prospect_search_id = $2 AND superseded_at IS NULL AND delivered_at > place.position
                AND CASE WHEN is_removal THEN 'company.withdrawn' ELSE 'company.delivered' END = ANY (webhook.events)
            ORDER BY delivered_at LIMIT 1
        ) UNION ALL (
            -- A company may have been delivered again since: its newer row comes later, the news of the erasure stays here.
            SELECT gone_at, company_id, NULL, NULL FROM erasure_place
            WHERE prospect_search_id = $2 AND gone_at > place.position AND prospect_id IS NOT NULL
                AND 'prospect.erased' = ANY (webhook.events)
            ORDER BY gone_at LIMIT 1
        )
    ) AS candidate
    ORDER BY at, is_removal NULLS LAST LIMIT 1
) AS change ON true
WHERE place.webhook_id = $1 AND place.prospect_search_id = $2 AND place.claim = $3 AND disabled_at IS NULL;

-- note_sent :value
-- A place moves on: what came before was accepted. It is held on for a lease, or let go where there is none.
-- False where the claim was lost. Not waiting for the disk: a crash can only repeat.
WITH unhurried AS (SELECT set_config('synchronous_commit', 'off', true)), moved AS (
    UPDATE webhook_position SET position = $4, completed_until = greatest(completed_until, $5),
        accepted_until = greatest(accepted_until, $6), failures = 0, failing_since = NULL,
        succeeded_at = clock_timestamp(), next_attempt_at = clock_timestamp(),
        claim = CASE WHEN $7::interval IS NOT NULL THEN claim END, claimed_until = clock_timestamp() + $7
    FROM unhurried WHERE webhook_id = $1 AND prospect_search_id = $2 AND claim = $3
    RETURNING 1
)
SELECT EXISTS (SELECT FROM moved);

-- note_failed :one
-- A failure more. Answers how many there were in a row, and how long nothing of this endpoint has succeeded; no row where the claim was lost.
UPDATE webhook_position AS place SET failures = failures + 1, failing_since = coalesce(failing_since, clock_timestamp())
WHERE webhook_id = $1 AND prospect_search_id = $2 AND claim = $3
RETURNING failures, clock_timestamp() - greatest(failing_since, (
    SELECT max(succeeded_at) FROM webhook_position AS other WHERE other.webhook_id = place.webhook_id
)) AS failing_for;

-- try_again :execute
-- Lets a place go until its next attempt.
UPDATE webhook_position SET claim = NULL, claimed_until = NULL, next_attempt_at = clock_timestamp() + $4::interval
WHERE webhook_id = $1 AND prospect_search_id = $2 AND claim = $3;

-- let_go :execute
-- Lets a place go that has had its share, or has caught up with the time given: either way nothing fails there now.
UPDATE webhook_position SET claim = NULL, claimed_until = NULL, next_attempt_at = clock_timestamp(), position = greatest(position, $4),
    failures = 0, failing_since = NULL
WHERE webhook_id = $1 AND prospect_search_id = $2 AND claim = $3;

-- let_go_all :execute
-- What a process that ends still holds.
UPDATE webhook_position AS place SET claim = NULL, claimed_until = NULL
FROM (
    SELECT webhook_id, prospect_search_id FROM webhook_position WHERE claim = ANY ($1::uuid[])
    ORDER BY webhook_id, prospect_search_id FOR NO KEY UPDATE
) AS held
WHERE place.webhook_id = held.webhook_id AND place.prospect_search_id = held.prospect_search_id;

-- log_attempts :execute
-- What became of attempts. Those of an endpoint that was deleted meanwhile are dropped, and so are answers to messages that were made before
-- the endpoint's newest erasure: an erasure holds the endpoints, in the same order, while it empties what is kept. Not waiting for the disk.
WITH unhurried AS (SELECT set_config('synchronous_commit', 'off', true)), held AS (
    SELECT id, answers_kept_from FROM webhook WHERE id = ANY ($1::uuid[]) ORDER BY id FOR SHARE
)
INSERT INTO webhook_attempt (webhook_id, prospect_search_id, event, message_id, latency_ms, status, failure, answer, at)
SELECT held.id, attempt.search_id, event, message_id, latency_ms, status, failure,
    CASE WHEN attempt.answers_kept_from = held.answers_kept_from THEN answer END, attempt.at
FROM unhurried CROSS JOIN unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::integer[], $6::integer[], $7::text[], $8::text[], $9::timestamptz[], $10::timestamptz[]
) WITH ORDINALITY AS attempt (webhook_id, search_id, event, message_id, latency_ms, status, failure, answer, at, answers_kept_from, place)
JOIN held ON held.id = attempt.webhook_id
ORDER BY place;

-- attempts :many
-- An endpoint's attempts, newest first.
SELECT at, prospect_search_id AS search_id, event, message_id, latency_ms, status, failure, answer FROM webhook_attempt
WHERE webhook_id = $1 ORDER BY id DESC LIMIT $2 OFFSET $3;

-- count_attempts :value
-- How many attempts are kept of an endpoint.
SELECT count(*) FROM webhook_attempt WHERE webhook_id = $1;

-- forget_attempts :one
-- Removes the next attempts that are old enough, be they accepted or failed, in the order of time; how many, and where to go on. What others
-- hold is left to the next round.
WITH old AS MATERIALIZED (
    SELECT id, at FROM webhook_attempt
    WHERE at >= coalesce($3::timestamptz, '-infinity') AND at < clock_timestamp() - least($1::interval, $2::interval)
        AND at < clock_timestamp() - CASE WHEN failure IS NULL THEN $1::interval ELSE $2::interval END
    ORDER BY at LIMIT $4
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM webhook_attempt USING old WHERE webhook_attempt.id = old.id RETURNING old.at
)
SELECT count(*) AS count, max(at) AS last_at FROM gone;

-- accepted :many
-- How far endpoints have accepted whole companies.
SELECT webhook_id, prospect_search_id AS search_id, accepted_until FROM webhook_position WHERE accepted_until IS NOT NULL;
