-- The step by which somebody was given a person, or confirmed that they are gone, in one probe however many came after it.

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX receipt_step_of ON receipt_step (prospect_search_id, consumer, kind, is_gapless, until);
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX receipt_step_until;

-- As before. Steps of a kind are as old as they go far: the first that goes far enough is the oldest.
CREATE OR REPLACE FUNCTION person_received_at(feed uuid, reader text, stood_from timestamptz, erased_at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT min(at) FROM (
        (SELECT at FROM receipt_step
        WHERE prospect_search_id = feed AND consumer = reader AND kind = 'served' AND is_gapless AND until >= stood_from
        ORDER BY until LIMIT 1)
        UNION ALL
        (SELECT at FROM receipt_step
        WHERE prospect_search_id = feed AND consumer = reader AND kind = 'served' AND NOT is_gapless AND until >= stood_from
        ORDER BY until LIMIT 1)
    ) AS first
    WHERE at < erased_at + interval '1 minute'
$$;
