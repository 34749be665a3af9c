-- instance :value
-- Which service this is, wherever it answers. None in a restored database that is not yet to be served.
SELECT id FROM instance;

-- database_number :value
-- Which database of its server this is: copies of one have another.
SELECT oid::bigint FROM pg_database WHERE datname = current_database();

-- has_schema :value
-- Whether this is a database of ours, be it half restored.
SELECT to_regclass('instance') IS NOT NULL AND to_regclass('schema_migration') IS NOT NULL;

-- name_instance :execute
-- Makes this a service that nobody has met before.
INSERT INTO instance DEFAULT VALUES ON CONFLICT (is_only) DO UPDATE SET id = excluded.id;

-- loaded_backup :value
-- Which backup a half restored database was loaded from.
SELECT obj_description('instance'::regclass, 'pg_class');

-- forget_backup :execute
-- Nothing is left to be finished.
COMMENT ON TABLE instance IS NULL;

-- what_is_there :many
-- What somebody has made in this database: neither PostgreSQL's own nor an extension's.
SELECT format('%I.%I', nspname, made.name) AS name FROM (
    SELECT relnamespace AS namespace, relname AS name, oid, 'pg_class'::regclass AS catalog FROM pg_class
    UNION ALL
    SELECT pronamespace, proname, oid, 'pg_proc'::regclass FROM pg_proc
) AS made
JOIN pg_namespace ON pg_namespace.oid = namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = made.catalog AND objid = made.oid AND deptype = 'e')
ORDER BY 1;

-- erasure_log :one
-- Which log erasures are written to, by its first line, where it was last, and how far it was read; nothing where there has never been one.
SELECT first_line_hash, place, read_bytes, read_hash, EXISTS (SELECT FROM erasure) OR EXISTS (SELECT FROM suppression) AS is_needed FROM erasure_log;

-- hold_erasure_log :one
-- The same, held against all who write to it and all who name another; begun with nothing in it where there is none.
INSERT INTO erasure_log DEFAULT VALUES ON CONFLICT (is_only) DO UPDATE SET is_only = true
RETURNING first_line_hash, place, read_bytes, read_hash, EXISTS (SELECT FROM erasure) OR EXISTS (SELECT FROM suppression) AS is_needed;

-- held_erasure_log :value
-- Which log erasures are written to, by its first line; that stays so until the transaction ends.
SELECT held_erasure_log();

-- follow_erasure_log :execute
-- The log that goes on after another, or the first of this database, or where its log is now; where nobody else has just named another. Of another
-- log nothing was read.
INSERT INTO erasure_log (first_line_hash, place) VALUES ($1, $2::text)
ON CONFLICT (is_only) DO UPDATE SET first_line_hash = excluded.first_line_hash, place = excluded.place,
    read_bytes = CASE WHEN erasure_log.first_line_hash = excluded.first_line_hash THEN erasure_log.read_bytes END,
    read_hash = CASE WHEN erasure_log.first_line_hash = excluded.first_line_hash THEN erasure_log.read_hash END
WHERE erasure_log.first_line_hash IS NOT DISTINCT FROM $3;

-- note_erasure_log :execute
-- From now on this is the log, and commands that are not told otherwise look for it there. Of another log nothing was read.
INSERT INTO erasure_log (first_line_hash, place) VALUES ($1, $2::text)
ON CONFLICT (is_only) DO UPDATE SET first_line_hash = excluded.first_line_hash, place = excluded.place,
    read_bytes = CASE WHEN erasure_log.first_line_hash = excluded.first_line_hash THEN erasure_log.read_bytes END,
    read_hash = CASE WHEN erasure_log.first_line_hash = excluded.first_line_hash THEN erasure_log.read_hash END;

-- note_log_read :execute
-- The database is in step with its log up to there, unless somebody else has just noted how far.
UPDATE erasure_log SET read_bytes = $1, read_hash = $2
WHERE first_line_hash = $3 AND read_bytes IS NOT DISTINCT FROM $4 AND read_hash IS NOT DISTINCT FROM $5;

-- forget_log_read :execute
-- The log is read from its beginning next.
UPDATE erasure_log SET read_bytes = NULL, read_hash = NULL;

-- forget_erasure_log :execute
-- The next that is met is the first.
DELETE FROM erasure_log;
