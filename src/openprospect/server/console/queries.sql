-- open_session :execute
-- Somebody signs in; sessions that are over make room.
WITH over AS (DELETE FROM console_session WHERE expires_at <= clock_timestamp())
INSERT INTO console_session (token_hash, key_id, expires_at) VALUES ($1, $2, clock_timestamp() + $3::interval);

-- operator :one
-- Whom a session stands for, as long as its key works and may use the console.
SELECT api_key.id AS key_id, api_key.name AS key_name, organization.id AS organization_id, organization.name AS organization
FROM console_session
JOIN api_key ON api_key.id = key_id
JOIN organization ON organization.id = organization_id
WHERE token_hash = $1 AND console_session.expires_at > clock_timestamp()
    AND revoked_at IS NULL AND coalesce(api_key.expires_at > clock_timestamp(), true) AND 'console' = ANY (scopes);

-- end_session :execute
-- Somebody signs out.
DELETE FROM console_session WHERE token_hash = $1;

-- deliveries_by :many
-- What a tenant's feeds grew by since a time, of one search or of all, summed over hours or days.
SELECT date_trunc($3, hour, 'UTC') AS begins_at, sum(deliveries)::bigint AS deliveries
FROM prospect_search JOIN delivery_hour ON prospect_search_id = prospect_search.id
WHERE organization_id = $1 AND ($2::uuid IS NULL OR prospect_search.id = $2) AND hour >= $4
GROUP BY 1 ORDER BY 1;

-- newest_companies :many
-- The current companies of a feed before a time, newest first, those withdrawn too.
SELECT delivered_at, document FROM delivery
WHERE prospect_search_id = $1 AND superseded_at IS NULL AND delivered_at < coalesce($2::timestamptz, 'infinity')
ORDER BY delivered_at DESC LIMIT $3;

-- first_companies :one
-- What a consumer who begins is answered, without a consumer. `companies` is JSON, comma-separated.
SELECT feed.live_companies AS total, first.count, first.companies
FROM prospect_search AS feed CROSS JOIN LATERAL (
    SELECT count(*) AS count, convert_to(coalesce(string_agg(document, ',' ORDER BY delivered_at), ''), 'UTF8') AS companies
    FROM (
        SELECT delivered_at, document FROM delivery
        WHERE prospect_search_id = $1 AND superseded_at IS NULL AND NOT is_removal
        ORDER BY delivered_at LIMIT $2
    ) AS shown
) AS first
WHERE feed.id = $1;

-- companies_at :many
-- The current companies of a feed by their ids.
SELECT delivery.delivered_at, document FROM company
JOIN delivery ON delivery.prospect_search_id = company.prospect_search_id AND delivery.position = company.position
WHERE company.prospect_search_id = $1 AND company.id = ANY ($2::uuid[])
ORDER BY company.id;

-- ids_by_identity :many
-- The companies of a feed that are known by one of these.
SELECT id FROM company WHERE prospect_search_id = $1 AND identity = ANY ($2::bytea[]);

-- ids_by_email :many
-- The companies of a feed where somebody of this mailbox is, or was.
SELECT DISTINCT company_id FROM prospect WHERE email_hash = $2 AND prospect_search_id = $1 LIMIT 100;

-- ids_by_prospect :many
-- The company of a feed where this person is, or was.
SELECT DISTINCT company_id FROM prospect WHERE prospect.id = $2 AND prospect_search_id = $1 LIMIT 100;

-- look_through :one
-- The next stretch of a feed, newest first, looked through for a text in name or website: how far it went, and what may be it.
-- A document begins {"id":"…36…","name":"…","website_url":"…","source_id":; parsing each would take five times as long.
-- Within a name the quotes of `","website_url":` would stand behind backslashes; a website that is null is not in quotes.
WITH stretch AS (
    SELECT delivered_at, company_id, lower(split_part(substr(document, 54, 1200), ',"source_id":', 1)) AS head FROM delivery
    WHERE prospect_search_id = $1 AND superseded_at IS NULL AND delivered_at < coalesce($2::timestamptz, 'infinity')
    ORDER BY delivered_at DESC LIMIT $3
)
SELECT count(*) AS looked_at, min(delivered_at) AS until, (array_agg(company_id ORDER BY delivered_at DESC) FILTER (
        WHERE position($4 IN split_part(head, '","website_url":', 1)) > 0 OR position($4 IN split_part(head, '","website_url":"', 2)) > 0
    ))[:$5] AS found
FROM stretch;

-- holders :many
-- Who was given what was delivered to a feed at a moment, and who has confirmed it.
SELECT consumer, webhook.url AS webhook_url, coalesce(confirmed_until >= $2, false) AS has_confirmed,
    coalesce(served_until >= $2 AND NOT $2::timestamptz <@ gaps, false) AS was_served
FROM receipt LEFT JOIN webhook ON consumer = 'webhook:' || webhook.id
WHERE receipt.prospect_search_id = $1 ORDER BY consumer;

-- history_of_company :many
-- What happened to a company, newest first.
SELECT at, actor, action, details FROM history
WHERE prospect_search_id = $1 AND company_id = $2 ORDER BY id DESC LIMIT $3;

-- keys_of :many
-- A tenant's keys, all or those of a name, newest first: those that work, those that expired and can still be revoked, those that were.
SELECT id, name, scopes, is_live, created_at, expires_at, revoked_at, last_used_at,
    coalesce(expires_at <= clock_timestamp(), false) AS is_expired, tier, rate_limit
FROM api_key WHERE organization_id = $1 AND ($3::text IS NULL OR name = $3)
ORDER BY revoked_at IS NOT NULL, is_expired, created_at DESC, id LIMIT $2;

-- is_key_of :value
-- Whether a key is this tenant's.
SELECT EXISTS (SELECT FROM api_key WHERE id = $2 AND organization_id = $1);

-- erasures_of :many
-- A tenant's newest erasures, or those before one of them, each with how many recipients have yet to confirm, for whom nobody answers.
SELECT erasure.id, erased_at, deadline_at, actor, deadline_at < clock_timestamp() AS is_past_deadline,
    (SELECT count(DISTINCT consumer) FROM erasure_search AS reach
        JOIN receipt ON receipt.prospect_search_id = reach.prospect_search_id
            AND reach.first_at <= served_until AND reach.gone_at > coalesce(confirmed_until, '-infinity')
            AND person_received_at(receipt.prospect_search_id, consumer, reach.first_at, erased_at) IS NOT NULL
        WHERE reach.erasure_id = erasure.id AND NOT EXISTS (
            SELECT FROM erasure_settlement AS settled WHERE settled.erasure_id = erasure.id AND settled.consumer = receipt.consumer
        )) AS unconfirmed,
    EXISTS (SELECT FROM erasure_settlement WHERE erasure_id = erasure.id) AS has_settled
FROM erasure
WHERE organization_id = $1 AND (erased_at, erasure.id) < (
    coalesce((SELECT last.erased_at FROM erasure AS last WHERE last.id = $2 AND last.organization_id = $1), 'infinity'),
    coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY erased_at DESC, erasure.id DESC LIMIT $3;

-- suppression_counts :many
-- How many entries of each kind a tenant's suppression list has.
SELECT kind, count(*) AS entries FROM suppression WHERE organization_id = $1 GROUP BY kind ORDER BY kind;
