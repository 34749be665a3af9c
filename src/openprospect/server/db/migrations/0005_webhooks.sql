-- Push: the endpoints, how far each has come in each feed, and what became of every attempt.

CREATE TABLE webhook (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organization,
    -- Null: every search of the organization, those to come included.
    prospect_search_id uuid REFERENCES prospect_search,
    url text NOT NULL,
    events text[] NOT NULL,
    -- Whether events carry the company itself.
    is_full boolean NOT NULL,
    -- Under what address the receiver reaches this service: what the links in events begin with.
    base_url text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    disabled_at timestamptz,
    disabled_reason text
);

CREATE INDEX webhook_organization ON webhook (organization_id, created_at);

-- What its messages are signed with: several while a rotation is under way.
CREATE TABLE webhook_secret (
    webhook_id uuid NOT NULL REFERENCES webhook ON DELETE CASCADE,
    secret bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    retires_at timestamptz,
    PRIMARY KEY (webhook_id, created_at)
);

-- How far an endpoint has come in a feed. Everything up to `position` was accepted, or lay there before the endpoint did.
CREATE TABLE webhook_position (
    webhook_id uuid NOT NULL REFERENCES webhook ON DELETE CASCADE,
    prospect_search_id uuid NOT NULL REFERENCES prospect_search,
    position timestamptz NOT NULL,
    -- Up to where the endpoint was told that a delivery is complete.
    completed_until timestamptz NOT NULL,
    -- The newest company that it accepted whole.
    accepted_until timestamptz,
    -- Who is sending now, and until when nobody else may.
    claim uuid,
    claimed_until timestamptz,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Attempts in a row that failed, and since when nothing else happened.
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    succeeded_at timestamptz,
    PRIMARY KEY (webhook_id, prospect_search_id)
) WITH (fillfactor = 50);

CREATE TABLE webhook_attempt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES webhook ON DELETE CASCADE,
    prospect_search_id uuid,
    event text NOT NULL,
    message_id text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    latency_ms integer NOT NULL,
    -- What the endpoint answered; null where it did not.
    status integer,
    -- Why it counts as failed; null where it does not.
    failure text,
    -- How the answer began, where it was a failure and nothing personal had been sent.
    answer text
);

CREATE INDEX webhook_attempt_of ON webhook_attempt (webhook_id, id);
CREATE INDEX webhook_attempt_age ON webhook_attempt (at);

-- Endpoints learn of erasures in the order of the feed. The table is small: it holds a row an erased person and company.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX erasure_place_gone ON erasure_place (prospect_search_id, gone_at);
