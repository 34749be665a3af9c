-- The tables of every peer: what one would write for companies and the people at them.
CREATE TABLE organization (id uuid PRIMARY KEY, name text NOT NULL);

CREATE TABLE api_key (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organization,
    secret_hash text NOT NULL UNIQUE,
    scopes text[] NOT NULL,
    revoked_at timestamptz
);

CREATE TABLE prospect_search (id uuid PRIMARY KEY, organization_id uuid NOT NULL REFERENCES organization, name text NOT NULL);

CREATE TABLE company (
    id uuid PRIMARY KEY,
    prospect_search_id uuid NOT NULL REFERENCES prospect_search,
    name text NOT NULL,
    website_url text,
    source_id text,
    delivered_at timestamptz NOT NULL
);

CREATE TABLE prospect (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES company,
    place integer NOT NULL,
    first_name text,
    last_name text,
    email text,
    job_title text
);
