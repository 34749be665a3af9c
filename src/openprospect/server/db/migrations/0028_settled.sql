-- Recipients of an erasure who can never confirm it, and of whom somebody has said that they were dealt with otherwise.
CREATE TABLE erasure_settlement (
    erasure_id uuid NOT NULL REFERENCES erasure,
    consumer text NOT NULL,
    settled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (erasure_id, consumer)
);
ALTER TABLE erasure_settlement ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON erasure_settlement USING (EXISTS (SELECT FROM erasure WHERE erasure.id = erasure_id));
