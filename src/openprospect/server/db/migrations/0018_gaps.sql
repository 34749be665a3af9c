-- What a consumer was not given of all that lies before the last of what it was.

-- Times up to `served_until` that lie in no page of theirs. Hardly anybody has one: whoever goes on where they were leaves none.
ALTER TABLE receipt ADD COLUMN gaps tstzmultirange NOT NULL DEFAULT '{}';

-- Whether everything before it had been given as well.
ALTER TABLE receipt_step ADD COLUMN is_gapless boolean NOT NULL DEFAULT true;

-- The gaps that are left of two readings, each with the end of what it was given. So many that nobody makes them by reading are kept as one.
CREATE FUNCTION gaps_left(gaps tstzmultirange, until timestamptz, other_gaps tstzmultirange, other_until timestamptz) RETURNS tstzmultirange
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN (SELECT count(*) FROM unnest(shared)) <= 100 THEN shared ELSE tstzmultirange(range_merge(shared)) END
    FROM (
        SELECT (gaps + tstzmultirange(tstzrange(coalesce(until, '-infinity'), furthest, '(]')))
            * (other_gaps + tstzmultirange(tstzrange(coalesce(other_until, '-infinity'), furthest, '(]'))) AS shared
        FROM (SELECT greatest(until, other_until, '-infinity') AS furthest) AS ends
    ) AS both_readings
$$;
