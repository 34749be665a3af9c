-- standings :many
-- Each consumer of a tenant's searches, or one of them, of one search or of all, and what it has not confirmed: from the tally, whatever the
-- size of the feed.
SELECT organization.name AS organization, feed.id AS search_id, feed.name AS search, receipt.consumer, feed.watermark,
    served_until, NOT isempty(gaps) AS has_gaps, confirmed_until, greatest(served_at, confirmed_at) AS seen_at,
    CASE
        WHEN confirmed_until IS NULL THEN feed.live_companies
        WHEN oldest.position IS NULL THEN 0
        ELSE current_from(feed.id, oldest.position)
    END AS behind_companies,
    oldest.delivered_at AS oldest_unconfirmed_at,
    own.keys > 0 OR webhook.id IS NOT NULL AS is_expected,
    own.expires_at AS key_expires_at, coalesce(own.expires_at <= clock_timestamp(), false) AS is_expired,
    starts_with(receipt.consumer, 'webhook:') AS is_endpoint, webhook.url AS webhook_url
FROM receipt
JOIN prospect_search AS feed ON feed.id = receipt.prospect_search_id
JOIN organization ON organization.id = feed.organization_id
LEFT JOIN webhook ON receipt.consumer = 'webhook:' || webhook.id
CROSS JOIN LATERAL (
    SELECT count(*) AS keys, nullif(max(coalesce(expires_at, 'infinity')), 'infinity') AS expires_at FROM api_key
    WHERE api_key.organization_id = feed.organization_id AND api_key.name = receipt.consumer AND revoked_at IS NULL
) AS own
LEFT JOIN LATERAL (
    -- Nothing is looked for where everything is confirmed, as it is in most places at most times.
    SELECT position, delivered_at FROM delivery
    WHERE coalesce(confirmed_until, '-infinity') < feed.watermark AND prospect_search_id = feed.id AND superseded_at IS NULL
        AND delivered_at > coalesce(confirmed_until, '-infinity') AND NOT (is_removal AND confirmed_until IS NULL)
    ORDER BY delivered_at LIMIT 1
) AS oldest ON true
WHERE ($1::uuid IS NULL OR feed.organization_id = $1) AND ($2::uuid IS NULL OR feed.id = $2)
    AND ($3::text IS NULL OR receipt.consumer = $3)
ORDER BY organization.name, feed.created_at, feed.id, receipt.consumer;

-- lacking :many
-- What a consumer has not confirmed of a feed, after a time, the oldest first, and whether it was given it.
SELECT delivered_at, is_removal, document, coalesce(served_until >= delivered_at AND NOT delivered_at <@ gaps, false) AS was_served
FROM receipt JOIN delivery ON delivery.prospect_search_id = receipt.prospect_search_id AND superseded_at IS NULL
    AND delivered_at > coalesce(greatest(confirmed_until, $3::timestamptz), '-infinity') AND NOT (is_removal AND confirmed_until IS NULL)
WHERE receipt.prospect_search_id = $1 AND consumer = $2
ORDER BY delivered_at LIMIT $4;

-- feeds :many
-- The searches of a tenant, or of all, one of them or each, and what they hold.
SELECT organization.name AS organization, feed.id AS search_id, feed.name AS search, live_companies AS companies,
    live_prospects AS prospects, position AS deliveries, watermark
FROM prospect_search AS feed JOIN organization ON organization.id = organization_id
WHERE ($1::uuid IS NULL OR organization_id = $1) AND ($2::uuid IS NULL OR feed.id = $2)
ORDER BY organization.name, feed.created_at, feed.id;

-- queues :many
-- What endpoints, or one of them, have yet to be sent: of a tenant's searches, of one or of all, with how many companies wait, and since when.
SELECT organization.name AS organization, feed.id AS search_id, feed.name AS search, webhook.id AS webhook_id, url,
    disabled_at IS NOT NULL AND NOT was_given_up AS is_off, was_given_up, failing_since,
    CASE WHEN oldest.position IS NULL THEN 0 ELSE current_from(feed.id, oldest.position) END AS waiting,
    oldest.delivered_at AS oldest_at
FROM webhook
JOIN organization ON organization.id = webhook.organization_id
JOIN webhook_position AS place ON place.webhook_id = webhook.id
JOIN prospect_search AS feed ON feed.id = place.prospect_search_id
LEFT JOIN LATERAL (
    SELECT delivery.position, delivered_at FROM delivery
    WHERE prospect_search_id = feed.id AND superseded_at IS NULL AND delivered_at > place.position
    ORDER BY delivered_at LIMIT 1
) AS oldest ON true
WHERE ($1::uuid IS NULL OR webhook.organization_id = $1) AND ($2::uuid IS NULL OR feed.id = $2)
    AND ($3::text IS NULL OR 'webhook:' || webhook.id = $3)
ORDER BY organization.name, webhook.created_at, webhook.id, feed.created_at, feed.id;

-- expiring_keys :many
-- The names of keys that stop working at a time, all of that name that are not revoked.
SELECT organization.name AS organization, api_key.name, max(expires_at) AS expires_at
FROM api_key JOIN organization ON organization.id = organization_id
WHERE revoked_at IS NULL
GROUP BY organization.name, api_key.name HAVING bool_and(expires_at IS NOT NULL)
ORDER BY 1, 2;

-- waiting_erasures :many
-- Erasures of a tenant, or of all, that somebody who was given the person has not confirmed, and nobody answers for; the nearest deadline first.
SELECT organization.name AS organization, erasure.id AS erasure_id, erased_at, deadline_at, deadline_at < clock_timestamp() AS is_late,
    array_agg(DISTINCT receipt.consumer) AS consumers
FROM receipt
JOIN erasure_search AS reach ON reach.prospect_search_id = receipt.prospect_search_id
    AND reach.gone_at > coalesce(confirmed_until, '-infinity') AND reach.first_at <= served_until
JOIN erasure ON erasure.id = reach.erasure_id
JOIN organization ON organization.id = erasure.organization_id
WHERE ($1::uuid IS NULL OR erasure.organization_id = $1)
    AND person_received_at(receipt.prospect_search_id, receipt.consumer, reach.first_at, erased_at) IS NOT NULL
    AND NOT EXISTS (SELECT FROM erasure_settlement AS settled WHERE settled.erasure_id = erasure.id AND settled.consumer = receipt.consumer)
GROUP BY organization.name, erasure.id
ORDER BY deadline_at, erasure.id;

-- database_health :one
-- PostgreSQL itself. The embedded one listens on a socket file alone. Connections are those of all its databases: the limit is for all of them.
-- Others' transactions are hidden from whoever may not read all statistics: then nothing is said of the oldest.
SELECT current_setting('server_version') AS version, current_setting('listen_addresses') = '' AS is_embedded,
    pg_database_size(current_database()) AS bytes,
    current_setting('max_connections')::integer AS connection_limit,
    (SELECT sum(numbackends)::integer FROM pg_stat_database) AS connections,
    count(*) FILTER (WHERE state <> 'idle' AND pid <> pg_backend_pid()) AS busy_connections,
    CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE') THEN
        coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)) FILTER (WHERE pid <> pg_backend_pid()), 0)::float
    END AS oldest_transaction_seconds
FROM pg_stat_activity WHERE datname = current_database();

-- answer :value
-- Whether the database answers at all.
SELECT 1;

-- deeds :many
-- What was done in a tenant, or in every one, and not to one company alone; of one key, since a time, where these are named. Newest first.
SELECT at, organization.name AS organization, actor, key_id, action, prospect_search_id AS search_id, company_id, details
FROM organization CROSS JOIN LATERAL (
    SELECT * FROM history
    WHERE organization_id = organization.id AND company_id IS NULL
        AND ($2::uuid IS NULL OR key_id = $2) AND ($3::timestamptz IS NULL OR at >= $3)
    ORDER BY id DESC LIMIT $4
) AS deed
WHERE $1::uuid IS NULL OR organization.id = $1
ORDER BY deed.id DESC LIMIT $4;

-- deeds_in_search :many
-- What was done to companies of a search; of one key, since a time, where these are named. Newest first: all lines of the search are read.
SELECT at, organization.name AS organization, actor, key_id, action, prospect_search_id AS search_id, company_id, details
FROM history JOIN organization ON organization.id = organization_id
WHERE prospect_search_id = $1 AND company_id IS NOT NULL
    AND ($2::uuid IS NULL OR key_id = $2) AND ($3::timestamptz IS NULL OR at >= $3)
ORDER BY history.id DESC LIMIT $4;
