-- people_of :many
-- Where in an organization these mailboxes and prospect ids are known.
SELECT prospect.prospect_search_id, company_id, prospect.id, email_hash, name_hash, delivered_at, left_at
FROM (
    SELECT * FROM prospect WHERE email_hash = ANY ($2::bytea[]) AND email_hash IS NOT NULL
    UNION
    SELECT * FROM prospect WHERE id = ANY ($3::uuid[])
) AS prospect JOIN prospect_search AS feed ON feed.id = prospect.prospect_search_id
WHERE organization_id = $1;

-- feeds_of :many
-- The feeds of an organization, where each ends, and how many erasures have changed what stands in it.
SELECT id, position, erasures FROM prospect_search WHERE organization_id = $1 ORDER BY id;

-- naming :many
-- Companies that have a kept document in these stretches of feeds that may hold an address, and all that do: where its domain ($5) stands beside
-- its local part ($4, where that is of ASCII) or beside one that holds an escape or another letter than ASCII's; where a domain holds an escape of
-- what domains are made of; and where the domain has other letters ($6), one that holds any. In ASCII a collation of no country knows each case.
SELECT DISTINCT prospect_search_id, company_id
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS stretch (feed, after, until)
CROSS JOIN LATERAL (
    SELECT prospect_search_id, company_id, lower(document COLLATE "C") AS text FROM delivery
    WHERE prospect_search_id = stretch.feed AND position > stretch.after AND position <= stretch.until OFFSET 0
) AS kept
WHERE strpos(text, $5) > 0 AND (
        strpos(text, $4) > 0 OR text ~ '[^\x01-\x24\x26-\x7f][^[:space:]"()<>\[\]:\x3b,@]*(?:@|%(?:25)?(?:4|%34)(?:0|%30))'
    )
    OR (strpos(text, '%') > 0 OR $6) AND text ~ '(?:@|%(?:25)?(?:4|%34)(?:0|%30))[-.\w]*(?:[^\x01-\x7f]|%(?:2[5de]|3[0-9]|[4-9a-f]))';

-- contents :many
-- The next kept documents of a feed, after a position and up to another.
SELECT position, document FROM (
    SELECT position, document,
        sum(octet_length(document)) OVER (ORDER BY position ROWS UNBOUNDED PRECEDING) - octet_length(document) AS size_before
    FROM (
        SELECT position, document FROM delivery WHERE prospect_search_id = $1 AND position > $2 AND position <= $3
        ORDER BY position LIMIT $4
    ) AS next
) AS portion
WHERE size_before < $5 ORDER BY position;

-- sizes_of :many
-- How much is kept of these companies, superseded documents too.
SELECT company_id, sum(octet_length(document))::bigint AS size FROM (
    SELECT company.id AS company_id, document FROM company
    JOIN delivery ON delivery.prospect_search_id = $1 AND delivery.position = company.position
    WHERE company.prospect_search_id = $1 AND company.id = ANY ($2::uuid[])
    UNION ALL
    SELECT company_id, document FROM delivery
    WHERE prospect_search_id = $1 AND company_id = ANY ($2::uuid[]) AND superseded_at IS NOT NULL
) AS kept
GROUP BY company_id;

-- documents_of :many
-- Every document kept of these companies, superseded ones too.
SELECT delivery.position, company_id, delivery.delivered_at, document FROM company
JOIN delivery ON delivery.prospect_search_id = $1 AND delivery.position = company.position
WHERE company.prospect_search_id = $1 AND company.id = ANY ($2::uuid[])
UNION ALL
SELECT position, company_id, delivered_at, document FROM delivery
WHERE prospect_search_id = $1 AND company_id = ANY ($2::uuid[]) AND superseded_at IS NOT NULL;

-- moved :many
-- The companies of a feed that were delivered or withdrawn after a position.
SELECT DISTINCT company_id FROM delivery WHERE prospect_search_id = $1 AND position > $2;

-- rewrite_documents :execute
-- Replaces documents where they stand.
UPDATE delivery SET document = scrubbed.document
FROM unnest($2::bigint[], $3::text[]) AS scrubbed (position, document)
WHERE prospect_search_id = $1 AND delivery.position = scrubbed.position;

-- forget_people :execute
-- Removes what people were known by.
DELETE FROM prospect USING unnest($2::uuid[], $3::uuid[]) AS gone (company_id, id)
WHERE prospect_search_id = $1 AND prospect.company_id = gone.company_id AND prospect.id = gone.id;

-- stop_answers :execute
-- What the organization's receivers answered until now is not kept any more, also where it is still on its way: it was asked for under
-- another of these times, whatever a clock says.
UPDATE webhook SET answers_kept_from = greatest(clock_timestamp(), answers_kept_from + interval '1 microsecond')
FROM (SELECT id FROM webhook WHERE organization_id = $1 ORDER BY id FOR NO KEY UPDATE) AS held
WHERE webhook.id = held.id;

-- forget_webhook_answers :execute
-- Receivers write what they like into their answers, names too.
UPDATE webhook_attempt SET answer = NULL
FROM webhook WHERE webhook.id = webhook_id AND organization_id = $1 AND answer IS NOT NULL;

-- note_erasure :execute
-- Pages served before this are no longer what they were.
UPDATE prospect_search SET erasures = erasures + 1 WHERE id = $1;

-- suppress :execute
-- Puts hashes on an organization's list; those that are on it stay as they are.
INSERT INTO suppression (organization_id, kind, hash) SELECT $1, kind, hash FROM unnest($2::text[], $3::bytea[]) AS new (kind, hash)
ON CONFLICT DO NOTHING;

-- unsuppress :value
-- Takes hashes off the list; answers how many were on it.
WITH gone AS (
    DELETE FROM suppression WHERE organization_id = $1 AND hash = ANY ($2::bytea[]) RETURNING 1
)
SELECT count(*) FROM gone;

-- organizations_among :many
-- Those of the organizations that there are.
SELECT id FROM organization WHERE id = ANY ($1::uuid[]) ORDER BY id;

-- suppressions :many
-- An organization's list.
SELECT kind, hash, created_at FROM suppression WHERE organization_id = $1 ORDER BY created_at, kind, hash;

-- add_erasure :execute
-- Opens the record of an erasure, which is dated once all of it is written.
INSERT INTO erasure (id, organization_id, subject_hash, actor, deadline_at) VALUES ($1, $2, $3, $4, 'infinity');

-- add_places :execute
-- Where the person stood, or was named.
INSERT INTO erasure_place (erasure_id, prospect_search_id, company_id, prospect_id, delivered_at, gone_at)
SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::timestamptz[]);

-- date_erasure :execute
-- It is of now: until it is committed the person is given out.
UPDATE erasure SET erased_at = clock.now, deadline_at = clock.now + $2::interval FROM (SELECT clock_timestamp() AS now) AS clock WHERE id = $1;

-- date_steps :execute
-- Whoever is known to have been given the person by now was given them before the erasure, also where the clock was ahead then and has been
-- set back: the steps that tell since when are dated accordingly.
UPDATE receipt_step AS step SET at = erased_at
FROM erasure
JOIN erasure_search AS reach ON reach.erasure_id = erasure.id
JOIN receipt ON receipt.prospect_search_id = reach.prospect_search_id
CROSS JOIN (VALUES (true), (false)) AS way (is_gapless)
CROSS JOIN LATERAL (
    SELECT id FROM receipt_step AS step
    WHERE step.prospect_search_id = reach.prospect_search_id AND step.consumer = receipt.consumer AND kind = 'served'
        AND step.is_gapless = way.is_gapless AND until >= reach.first_at
    ORDER BY until LIMIT 1
) AS first
WHERE erasure.id = $1 AND step.prospect_search_id = reach.prospect_search_id AND step.id = first.id AND at > erased_at;

-- erasure_of_subject :value
-- The newest erasure of this person.
SELECT id FROM erasure WHERE organization_id = $1 AND subject_hash = $2 ORDER BY erased_at DESC LIMIT 1;

-- erasures_of_person :many
-- The erasures that were of one of these hashes, or reached one of these prospect ids.
SELECT id FROM erasure
WHERE organization_id = $1 AND (
    subject_hash = ANY ($2::bytea[])
    OR EXISTS (SELECT FROM erasure_place WHERE erasure_id = erasure.id AND prospect_id = ANY ($3::uuid[]))
);

-- known_among :many
-- Those of the erasures that there are.
SELECT id FROM erasure WHERE id = ANY ($1::uuid[]);

-- erasures :many
-- Some erasures of a tenant, or of any where none is named, or all of them, the newest first, with what each reached.
SELECT erasure.id, organization.name AS organization, erased_at, deadline_at, deadline_at < clock_timestamp() AS is_past_deadline, actor,
    (SELECT count(*) FROM (SELECT DISTINCT prospect_search_id, company_id FROM erasure_place WHERE erasure_id = erasure.id) AS reached) AS companies,
    (SELECT count(prospect_id) FROM erasure_place WHERE erasure_id = erasure.id) AS prospects
FROM erasure JOIN organization ON organization.id = organization_id
WHERE ($1::uuid[] IS NULL OR erasure.id = ANY ($1)) AND ($2::uuid IS NULL OR organization_id = $2)
ORDER BY erased_at DESC, erasure.id;

-- settle :value
-- Somebody answers for a recipient of an erasure; whose erasure that is. No row where somebody does already.
INSERT INTO erasure_settlement (erasure_id, consumer, actor, reason) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
RETURNING (SELECT organization_id FROM erasure WHERE id = $1);

-- recipients :many
-- Who was given these people, when, and since when they have confirmed all that went with them from every search; or who answers for them.
SELECT erasure_id, consumer, received_at, confirmed_at, settled_at, actor, reason
FROM (
    SELECT erasure_id, consumer, min(received_at) AS received_at,
        CASE WHEN bool_and(confirmed_at IS NOT NULL) THEN max(confirmed_at) END AS confirmed_at
    FROM (
        SELECT erasure_id, receipt.consumer,
            person_received_at(receipt.prospect_search_id, receipt.consumer, reach.first_at, erased_at) AS received_at,
            (SELECT at FROM receipt_step AS step
                WHERE step.prospect_search_id = receipt.prospect_search_id AND step.consumer = receipt.consumer
                    AND kind = 'confirmed' AND is_gapless AND until >= reach.gone_at
                ORDER BY until LIMIT 1) AS confirmed_at
        FROM erasure JOIN erasure_search AS reach ON erasure_id = erasure.id
            JOIN receipt ON receipt.prospect_search_id = reach.prospect_search_id
        WHERE erasure.id = ANY ($1::uuid[])
    ) AS held
    WHERE received_at IS NOT NULL
    GROUP BY erasure_id, consumer
) AS recipient
LEFT JOIN erasure_settlement USING (erasure_id, consumer)
ORDER BY erasure_id, consumer;

-- recipients_since :many
-- Who was given what stands in these feeds since these times, and when first.
SELECT consumer, min(received_at) AS received_at
FROM (
    SELECT consumer, person_received_at(reach.search, consumer, reach.first_at, clock_timestamp()) AS received_at
    FROM unnest($1::uuid[], $2::timestamptz[]) AS reach (search, first_at) JOIN receipt ON prospect_search_id = reach.search
) AS given
WHERE received_at IS NOT NULL
GROUP BY consumer ORDER BY received_at, consumer;

-- known_erasures :many
-- Every erasure with the ids of whom it found, and as what whom it named is kept out; oldest first.
SELECT erasure.id, organization_id, erased_at AS at, actor, subject_hash,
    ARRAY(SELECT DISTINCT prospect_id FROM erasure_place WHERE erasure_id = erasure.id AND prospect_id IS NOT NULL) AS prospect_ids,
    ARRAY(SELECT kind FROM suppression AS kept WHERE kept.organization_id = erasure.organization_id AND hash = subject_hash) AS marks
FROM erasure ORDER BY erased_at, erasure.id;

-- known_lists :many
-- The suppression list of each organization, empty ones too.
SELECT organization.id AS organization_id,
    coalesce(array_agg(kind ORDER BY hash) FILTER (WHERE hash IS NOT NULL), '{}') AS kinds,
    coalesce(array_agg(hash ORDER BY hash) FILTER (WHERE hash IS NOT NULL), '{}') AS hashes
FROM organization LEFT JOIN suppression ON organization_id = organization.id
GROUP BY organization.id;
