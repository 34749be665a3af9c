-- create_search :one
-- A search with an empty feed. No row where the id is taken.
INSERT INTO prospect_search (id, organization_id, name) VALUES ($1, $2, $3)
ON CONFLICT (id) DO NOTHING
RETURNING id, organization_id, name, status;

-- search :one
-- One search, whoever owns it: for the command line, which is nobody's tenant.
SELECT id, organization_id, name, status FROM prospect_search WHERE id = $1;

-- search_of :one
-- One search of one tenant; another's looks like none.
SELECT id, organization_id, name, status FROM prospect_search WHERE id = $1 AND organization_id = $2;

-- searches_of :many
-- A page of a tenant's searches, oldest first.
SELECT id, organization_id, name, status FROM prospect_search WHERE organization_id = $1
ORDER BY created_at, id LIMIT $2 OFFSET $3;

-- count_searches_of :value
-- How many searches a tenant has.
SELECT count(*) FROM prospect_search WHERE organization_id = $1;

-- searches_with_owner :many
-- Every search with its tenant's name and what it holds.
SELECT prospect_search.id, prospect_search.name, status, organization.name AS organization,
       live_companies AS companies, live_prospects AS prospects
FROM prospect_search JOIN organization ON organization.id = organization_id
ORDER BY prospect_search.created_at, prospect_search.id;
