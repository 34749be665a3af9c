-- The feed of each search: finished documents in order, and who is who among them.

-- One row each time a company is delivered. Append-only, but for `superseded_at` and what an erasure scrubs:
-- superseded rows stay until no walk can need them.
CREATE TABLE delivery (
    prospect_search_id uuid NOT NULL,
    position bigint NOT NULL,
    delivered_at timestamptz NOT NULL,
    company_id uuid NOT NULL,
    -- The `delivered_at` of the row that took this one's place.
    superseded_at timestamptz,
    -- A withdrawal: full walks leave it out, incremental ones show it.
    is_removal boolean NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (prospect_search_id, position)
) WITH (fillfactor = 95);

-- Statistics on documents would keep samples of them: personal data outside the tables.
ALTER TABLE delivery ALTER COLUMN document SET STATISTICS 0;

CREATE UNIQUE INDEX delivery_time ON delivery (prospect_search_id, delivered_at) INCLUDE (position);
CREATE INDEX delivery_superseded ON delivery (prospect_search_id, company_id) WHERE superseded_at IS NOT NULL;

-- The current state of each company ever delivered.
CREATE TABLE company (
    prospect_search_id uuid NOT NULL REFERENCES prospect_search,
    id uuid NOT NULL,
    -- Hash of the source id, else of the website host, else of the name: what a company without our id is known by.
    identity bytea NOT NULL,
    source_id text,
    -- Where its current row stands in `delivery`.
    position bigint NOT NULL,
    delivered_at timestamptz NOT NULL,
    -- Null where the company is withdrawn: nothing that is delivered equals it.
    content_hash bytea,
    prospects integer NOT NULL,
    PRIMARY KEY (prospect_search_id, id)
) WITH (fillfactor = 90);

CREATE UNIQUE INDEX company_identity ON company (prospect_search_id, identity);
CREATE INDEX company_id ON company (id);

-- Everyone ever delivered, without a word about them: what they are known by is hashed with the organization's key.
CREATE TABLE prospect (
    prospect_search_id uuid NOT NULL,
    company_id uuid NOT NULL,
    id uuid NOT NULL,
    email_hash bytea,
    name_hash bytea NOT NULL,
    -- From the delivery that first showed the person to the one that no longer did.
    delivered_at timestamptz NOT NULL,
    left_at timestamptz,
    PRIMARY KEY (prospect_search_id, company_id, id),
    FOREIGN KEY (prospect_search_id, company_id) REFERENCES company
) WITH (fillfactor = 90);

CREATE INDEX prospect_id ON prospect (id);
CREATE INDEX prospect_email ON prospect (email_hash) WHERE email_hash IS NOT NULL;
