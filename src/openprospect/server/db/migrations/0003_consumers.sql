-- What consumers read: their walks, and how far they have come. A consumer is the keys of one name within an organization.

CREATE TABLE walk (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    prospect_search_id uuid NOT NULL REFERENCES prospect_search,
    consumer text NOT NULL,
    since timestamptz,
    -- The snapshot: pages are answered as of this moment, and add up to this total.
    watermark timestamptz NOT NULL,
    total bigint NOT NULL,
    -- The offset that comes next and the position where its page begins; null once the last page was served.
    next_offset bigint,
    next_position bigint,
    -- The page served last, so that asking for it again is as cheap.
    page_offset bigint NOT NULL,
    page_position bigint NOT NULL,
    reached_offset bigint NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When its consumer was told that it has expired.
    told_at timestamptz
) WITH (fillfactor = 50);

CREATE INDEX walk_consumer ON walk (prospect_search_id, consumer, id DESC);

-- How far each consumer was served, and how far it said that it has stored.
CREATE TABLE receipt (
    prospect_search_id uuid NOT NULL REFERENCES prospect_search,
    consumer text NOT NULL,
    served_until timestamptz,
    served_at timestamptz,
    confirmed_until timestamptz,
    confirmed_at timestamptz,
    PRIMARY KEY (prospect_search_id, consumer)
) WITH (fillfactor = 50);

-- Each step of the above, for "who received this, and when".
CREATE TABLE receipt_step (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    prospect_search_id uuid NOT NULL,
    consumer text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('served', 'confirmed')),
    until timestamptz NOT NULL,
    at timestamptz NOT NULL,
    FOREIGN KEY (prospect_search_id, consumer) REFERENCES receipt
);

CREATE INDEX receipt_step_until ON receipt_step (prospect_search_id, consumer, kind, until);
