-- The tenants, what they search for, and the keys that open it.

CREATE TABLE organization (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    -- Keys the hashes of everything personal that is kept for comparison; never leaves the database.
    hash_key bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE api_key (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organization,
    name text NOT NULL,
    secret_hash bytea NOT NULL UNIQUE,
    scopes text[] NOT NULL,
    is_live boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);

CREATE INDEX api_key_organization ON api_key (organization_id, name);

CREATE TABLE prospect_search (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organization,
    name text NOT NULL,
    status text NOT NULL DEFAULT 'active',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The feed's head. Whoever publishes holds this row's lock until commit, so what follows moves in commit order.
    position bigint NOT NULL DEFAULT 0,
    watermark timestamptz NOT NULL DEFAULT clock_timestamp(),
    live_companies bigint NOT NULL DEFAULT 0,
    live_prospects bigint NOT NULL DEFAULT 0,
    erasures bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE INDEX prospect_search_organization ON prospect_search (organization_id, created_at);

-- Answers remembered for a day, so that a request sent again is not carried out again.
CREATE TABLE idempotent_answer (
    organization_id uuid NOT NULL REFERENCES organization,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organization_id, key)
);

CREATE INDEX idempotent_answer_age ON idempotent_answer (created_at);

-- Who did what, when. Names of fields, never their values: there is nothing personal to erase here.
CREATE TABLE history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    organization_id uuid NOT NULL,
    prospect_search_id uuid,
    company_id uuid,
    actor text NOT NULL,
    action text NOT NULL,
    details jsonb
);

CREATE INDEX history_company ON history (prospect_search_id, company_id, id) WHERE company_id IS NOT NULL;
CREATE INDEX history_organization ON history (organization_id, id) WHERE company_id IS NULL;

CREATE FUNCTION history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is append-only';
END;
$$;

CREATE TRIGGER history_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON history
    FOR EACH STATEMENT EXECUTE FUNCTION history_is_append_only();
