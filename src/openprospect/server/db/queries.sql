-- foreign_keys :many
-- The references from these tables and to them.
SELECT conrelid::regclass::text AS owner, quote_ident(conname) AS name FROM pg_constraint
WHERE contype = 'f' AND conparentid = 0 AND (conrelid = ANY ($1::regclass[]) OR confrelid = ANY ($1::regclass[]));

-- functions :many
-- The functions that take or give rows of these tables.
SELECT oid::regprocedure::text AS name, pg_get_functiondef(oid) AS definition FROM pg_proc
WHERE ARRAY[prorettype] || coalesce(proallargtypes, proargtypes::oid[]) && ARRAY(SELECT reltype FROM pg_class WHERE oid = ANY ($1::regclass[]));

-- definitions :many
-- All that tables are besides columns and rows, as statements that make it anew, each after what it needs. Triggers and policies come last:
-- nothing is to be counted twice, or hidden, while rows move. What partitions have of their own, they have from the whole.
SELECT definition FROM (
    SELECT 1 AS place, format('ALTER TABLE %s ALTER %I SET STATISTICS %s', attrelid::regclass, attname, attstattarget) AS definition
    FROM pg_attribute WHERE attrelid = ANY ($1::regclass[]) AND attnum > 0 AND attstattarget >= 0
    UNION ALL
    SELECT 2, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')
    FROM pg_index WHERE indrelid = ANY ($1::regclass[]) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
    UNION ALL
    SELECT CASE contype WHEN 'f' THEN 4 ELSE 3 END,
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint
    WHERE conparentid = 0
        AND (contype IN ('p', 'u') AND conrelid = ANY ($1::regclass[])
            OR contype = 'f' AND (conrelid = ANY ($1::regclass[]) OR confrelid = ANY ($1::regclass[])))
    UNION ALL
    SELECT 5, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = ANY ($1::regclass[]) AND NOT tgisinternal
    UNION ALL
    SELECT 6, format(
            'CREATE POLICY %I ON %s AS %s FOR %s TO %s', polname, polrelid::regclass,
            CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
            CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
            (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE role::regrole::text END, ', ') FROM unnest(polroles) AS role)
        ) || coalesce(' USING (' || pg_get_expr(polqual, polrelid) || ')', '')
        || coalesce(' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')', '')
    FROM pg_policy WHERE polrelid = ANY ($1::regclass[])
    UNION ALL
    SELECT 7, format('ALTER TABLE %s %s ROW LEVEL SECURITY', oid::regclass, wall) FROM pg_class
    CROSS JOIN LATERAL (VALUES ('ENABLE', relrowsecurity), ('FORCE', relforcerowsecurity)) AS walls (wall, is_up)
    WHERE oid = ANY ($1::regclass[]) AND is_up
    UNION ALL
    SELECT 8, format('GRANT %s ON %s TO %s', privilege_type, oid::regclass, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END)
        || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
    FROM pg_class CROSS JOIN LATERAL aclexplode(relacl) WHERE oid = ANY ($1::regclass[]) AND grantee <> relowner
    UNION ALL
    SELECT 9, format('COMMENT ON TABLE %s IS %L', objoid::regclass, description) FROM pg_description
    WHERE classoid = 'pg_class'::regclass AND objoid = ANY ($1::regclass[]) AND objsubid = 0
) AS defined
ORDER BY place, definition;

-- numbered_columns :many
-- The columns of these tables that the database numbers, and what counts for them.
SELECT attrelid::regclass::text AS owner, attname AS name, pg_get_serial_sequence(attrelid::regclass::text, attname) AS sequence
FROM pg_attribute WHERE attrelid = ANY ($1::regclass[]) AND attidentity <> '';

-- sequence_of :value
-- What counts for a column.
SELECT pg_get_serial_sequence($1, $2);

-- stored_as :value
-- How a table's rows are stored. A split one keeps none of its own: its first partition tells.
SELECT array_to_string(reloptions, ', ') FROM pg_class
WHERE oid = coalesce((SELECT min(inhrelid::bigint)::oid FROM pg_inherits WHERE inhparent = $1::regclass), $1::regclass);

-- partitions_of :value
-- How many partitions a table has; none where it is whole.
SELECT count(*) FROM pg_inherits WHERE inhparent = $1::regclass;

-- unknown_belongings :many
-- What hangs on these tables and neither `definitions` nor a copy of their columns brings back. Views keep them from being dropped by themselves.
SELECT name FROM (
    SELECT pg_describe_object(classid, objid, objsubid) AS name
    FROM pg_depend LEFT JOIN pg_rewrite ON classid = 'pg_rewrite'::regclass AND objid = pg_rewrite.oid
    WHERE refclassid = 'pg_class'::regclass AND refobjid = ANY ($1::regclass[]) AND rulename IS DISTINCT FROM '_RETURN'
        AND classid <> ALL (ARRAY[
            'pg_class', 'pg_type', 'pg_constraint', 'pg_trigger', 'pg_policy', 'pg_attrdef', 'pg_statistic_ext', 'pg_proc'
        ]::regclass[])
    UNION ALL
    SELECT format('the replica identity of %s', oid::regclass) FROM pg_class WHERE oid = ANY ($1::regclass[]) AND relreplident <> 'd'
    UNION ALL
    SELECT format('the owner %I of %s', pg_get_userbyid(relowner), oid::regclass) FROM pg_class
    WHERE oid = ANY ($1::regclass[]) AND pg_get_userbyid(relowner) <> current_user
    UNION ALL
    SELECT format('the tablespace of %s', oid::regclass) FROM pg_class WHERE oid = ANY ($1::regclass[]) AND reltablespace <> 0
    UNION ALL
    SELECT format('rights on the column %s.%I alone', attrelid::regclass, attname) FROM pg_attribute
    WHERE attrelid = ANY ($1::regclass[]) AND attacl IS NOT NULL
    UNION ALL
    SELECT format('the state of trigger %I on %s', tgname, tgrelid::regclass) FROM pg_trigger
    WHERE tgrelid = ANY ($1::regclass[]) AND NOT tgisinternal AND tgenabled <> 'O'
    UNION ALL
    SELECT format('a security label of %s', pg_describe_object(classoid, objoid, objsubid)) FROM pg_seclabel
    WHERE classoid = 'pg_class'::regclass AND objoid = ANY ($1::regclass[])
) AS belongings
ORDER BY name;

-- server :one
-- Since when this server runs, and which of its databases this is.
SELECT pg_postmaster_start_time() AS started_at, oid::bigint AS number FROM pg_database WHERE datname = current_database();
