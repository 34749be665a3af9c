-- By which first line the erasure log is known, and until the transaction ends no other takes its place. It runs as its owner: the role that
-- requests run as may not write to this table, which one has to be allowed to who locks a row of it.
CREATE FUNCTION held_erasure_log() RETURNS bytea
    LANGUAGE sql SECURITY DEFINER
BEGIN ATOMIC
    SELECT first_line_hash FROM erasure_log FOR SHARE;
END;
