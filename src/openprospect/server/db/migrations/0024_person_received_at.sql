-- When a consumer was given somebody who stood in a feed since a time and was erased at another; null where it never was.
-- A minute's grace: what went out while the erasure was being committed went out with the person.
CREATE FUNCTION person_received_at(feed uuid, reader text, stood_from timestamptz, erased_at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT min(at) FROM receipt_step
    WHERE prospect_search_id = feed AND consumer = reader AND kind = 'served' AND until >= stood_from
        AND at < erased_at + interval '1 minute'
$$;
