-- How far the database is known to be in step with its erasure log: so many bytes of it, and a hash of the last of these. A copy of the
-- database of before says less, and so is told what it lacks.
ALTER TABLE erasure_log ADD COLUMN read_bytes bigint, ADD COLUMN read_hash bytea;
