-- Which log erasures are written down in, so that one that was lost, or another one, is not taken for it. It is in every backup: whoever
-- restores one is held to the log that its database had. No row where there has never been one.
CREATE TABLE erasure_log (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    first_line_hash bytea,
    place text
);

-- What an earlier version wrote to is known by its place alone, until it is met. The column is left to versions that still run beside this one.
INSERT INTO erasure_log (place) SELECT erasure_log FROM instance
WHERE erasure_log IS NOT NULL OR EXISTS (SELECT FROM erasure) OR EXISTS (SELECT FROM suppression);
