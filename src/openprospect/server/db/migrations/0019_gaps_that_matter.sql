-- Those of the gaps in which anything stands that is current: of what else was delivered there, its consumer was or will be given something newer.
CREATE FUNCTION gaps_that_matter(feed uuid, gaps tstzmultirange) RETURNS tstzmultirange LANGUAGE sql STABLE AS $$
    SELECT coalesce(range_agg(gap), '{}') FROM unnest(gaps) AS gap
    WHERE EXISTS (
        SELECT FROM delivery
        WHERE prospect_search_id = feed AND superseded_at IS NULL AND delivered_at >= lower(gap) AND delivered_at <= upper(gap)
            AND delivered_at <@ gap
    )
$$;
