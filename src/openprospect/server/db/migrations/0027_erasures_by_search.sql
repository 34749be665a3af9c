-- What an erasure reached, a row a search: who received the person, and who has let go, is read from that, however many companies held them.

CREATE TABLE erasure_search (
    erasure_id uuid NOT NULL REFERENCES erasure,
    prospect_search_id uuid NOT NULL REFERENCES prospect_search,
    -- A consumer served past the first may have received the person, one that has confirmed past the last has let go everywhere.
    first_at timestamptz NOT NULL,
    gone_at timestamptz NOT NULL,
    PRIMARY KEY (erasure_id, prospect_search_id)
);

CREATE INDEX erasure_search_gone ON erasure_search (prospect_search_id, gone_at);

ALTER TABLE erasure_search ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON erasure_search USING (EXISTS (SELECT FROM prospect_search AS feed WHERE feed.id = prospect_search_id));

CREATE FUNCTION sum_up_places() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO erasure_search (erasure_id, prospect_search_id, first_at, gone_at)
    SELECT erasure_id, prospect_search_id, min(delivered_at), max(gone_at) FROM added GROUP BY erasure_id, prospect_search_id
    ON CONFLICT (erasure_id, prospect_search_id) DO UPDATE
    SET first_at = least(erasure_search.first_at, excluded.first_at), gone_at = greatest(erasure_search.gone_at, excluded.gone_at);
    RETURN NULL;
END;
$$;

-- Whichever version writes the places.
CREATE TRIGGER sum_up_places AFTER INSERT ON erasure_place REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION sum_up_places();

INSERT INTO erasure_search (erasure_id, prospect_search_id, first_at, gone_at)
SELECT erasure_id, prospect_search_id, min(delivered_at), max(gone_at) FROM erasure_place GROUP BY erasure_id, prospect_search_id;

