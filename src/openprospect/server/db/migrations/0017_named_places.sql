-- An erasure also reaches companies that never listed the person and only name them: places without a prospect.

-- squawk-ignore ban-drop-constraint
ALTER TABLE erasure_place DROP CONSTRAINT erasure_place_pkey;
-- squawk-ignore ban-drop-not-null
ALTER TABLE erasure_place ALTER COLUMN prospect_id DROP NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX erasure_place_once ON erasure_place (erasure_id, prospect_search_id, company_id, prospect_id) NULLS NOT DISTINCT;
