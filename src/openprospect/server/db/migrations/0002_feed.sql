-- The feed of each search: finished documents in order, and who is who among them.
-- No foreign keys here: rows are only written under the lock of their search, and checking each costs a tenth of a delivery.

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

-- What a poll reads: current rows in the order of time, however many superseded ones lie between them.
CREATE UNIQUE INDEX delivery_current ON delivery (prospect_search_id, delivered_at) WHERE superseded_at IS NULL;
CREATE INDEX delivery_superseded ON delivery (prospect_search_id, company_id) WHERE superseded_at IS NOT NULL;

-- How many current rows each block of positions holds, in three levels: blocks of 2^7, 2^14 and 2^21 positions.
-- How many come after a position is then a sum over at most 128 blocks a level, whatever the size of the feed.
CREATE TABLE tally (
    prospect_search_id uuid NOT NULL,
    level smallint NOT NULL,
    block bigint NOT NULL,
    deliveries bigint NOT NULL,
    PRIMARY KEY (prospect_search_id, level, block)
) WITH (fillfactor = 50);

-- The current state of each company ever delivered.
CREATE TABLE company (
    prospect_search_id uuid NOT NULL,
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
    PRIMARY KEY (prospect_search_id, company_id, id)
) WITH (fillfactor = 90);

CREATE INDEX prospect_id ON prospect (id);
CREATE INDEX prospect_email ON prospect (email_hash) WHERE email_hash IS NOT NULL;
