-- People who asked to be gone, and what keeps them from coming back.

CREATE TABLE erasure (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organization,
    -- The person, as a keyed hash: asking again finds this row.
    subject_hash bytea NOT NULL,
    actor text NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- By when every recipient should have confirmed.
    deadline_at timestamptz NOT NULL
);

CREATE INDEX erasure_organization ON erasure (organization_id, erased_at);
CREATE INDEX erasure_subject ON erasure (organization_id, subject_hash);

-- Where the person stood: a consumer served past `delivered_at` received them, one confirmed past `gone_at` has let go.
CREATE TABLE erasure_place (
    erasure_id uuid NOT NULL REFERENCES erasure,
    prospect_search_id uuid NOT NULL REFERENCES prospect_search,
    company_id uuid NOT NULL,
    prospect_id uuid NOT NULL,
    delivered_at timestamptz NOT NULL,
    gone_at timestamptz NOT NULL,
    PRIMARY KEY (erasure_id, prospect_search_id, company_id, prospect_id)
);

CREATE TABLE suppression (
    organization_id uuid NOT NULL REFERENCES organization,
    kind text NOT NULL,
    hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organization_id, kind, hash)
);
