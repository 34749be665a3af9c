-- The role that requests run as: it owns nothing, cannot sign in, and is let at what policies guard. Run after every migration; what is done is
-- left as it is. Roles belong to the whole server: another database on it may just be making the same one.
DO $$
DECLARE
    guarded regclass;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'openprospect_tenant') THEN
        BEGIN
            CREATE ROLE openprospect_tenant NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
        END;
    END IF;
    IF NOT pg_has_role(current_user, 'openprospect_tenant', CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET' END) THEN
        GRANT openprospect_tenant TO CURRENT_USER;
    END IF;
    IF NOT has_schema_privilege('openprospect_tenant', current_schema()::text, 'USAGE') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO openprospect_tenant', current_schema());
    END IF;
    FOR guarded IN SELECT oid FROM pg_class WHERE relrowsecurity AND relnamespace = current_schema()::regnamespace LOOP
        IF NOT has_table_privilege('openprospect_tenant', guarded, 'SELECT') THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO openprospect_tenant', guarded);
        END IF;
    END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'no role for tenants: %', SQLERRM;
END
$$;
