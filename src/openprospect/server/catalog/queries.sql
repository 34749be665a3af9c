-- company_page :many
-- Live companies of a tenant, of one search or of all, in the order of delivery.
SELECT feed.id AS prospect_search_id, document FROM prospect_search AS feed
JOIN delivery ON delivery.prospect_search_id = feed.id AND superseded_at IS NULL AND NOT is_removal
WHERE organization_id = $1 AND ($2::uuid IS NULL OR feed.id = $2)
ORDER BY feed.id, delivery.position LIMIT $3 OFFSET $4;

-- prospect_page :many
-- Live people of a tenant, of one search or of all, in the order of their companies' delivery.
SELECT feed.id AS prospect_search_id, delivery.company_id, delivered_at, person.document
FROM prospect_search AS feed
JOIN delivery ON delivery.prospect_search_id = feed.id AND superseded_at IS NULL AND NOT is_removal
CROSS JOIN LATERAL json_array_elements(delivery.document::json -> 'prospects') WITH ORDINALITY AS person (document, place)
WHERE organization_id = $1 AND ($2::uuid IS NULL OR feed.id = $2)
ORDER BY feed.id, delivery.position, place LIMIT $3 OFFSET $4;

-- live_counts :one
-- How many companies and people of a tenant are live, in one search or in all.
SELECT coalesce(sum(live_companies), 0)::bigint AS companies, coalesce(sum(live_prospects), 0)::bigint AS prospects
FROM prospect_search WHERE organization_id = $1 AND ($2::uuid IS NULL OR id = $2);

-- companies_of_id :many
-- The live companies of this id among a tenant's searches; an id is unique only within its search.
SELECT feed.id AS prospect_search_id, document
FROM company
JOIN prospect_search AS feed ON feed.id = company.prospect_search_id
JOIN delivery ON delivery.prospect_search_id = feed.id AND delivery.position = company.position
WHERE company.id = $3 AND organization_id = $1 AND ($2::uuid IS NULL OR feed.id = $2) AND NOT is_removal;

-- prospects_of_id :many
-- The live people of this id among a tenant's searches; an id is unique only within its company.
SELECT feed.id AS prospect_search_id, company.id AS company_id, delivery.delivered_at, document
FROM prospect
JOIN prospect_search AS feed ON feed.id = prospect.prospect_search_id
JOIN company ON company.prospect_search_id = feed.id AND company.id = prospect.company_id
JOIN delivery ON delivery.prospect_search_id = feed.id AND delivery.position = company.position
WHERE prospect.id = $4 AND organization_id = $1 AND ($2::uuid IS NULL OR feed.id = $2) AND ($3::uuid IS NULL OR company.id = $3)
    AND left_at IS NULL;
