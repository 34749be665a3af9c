-- Reading in one statement: who asks and what they get together.

-- Whom a key stands for, and what ended it, if anything did. Whatever looks a key up does it here.
CREATE VIEW caller AS
SELECT secret_hash, id AS key_id, name AS key_name, organization_id, scopes,
    CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= clock_timestamp() THEN 'expired' END AS ended
FROM api_key;

-- A walk begins at a search that was read a moment ago. The check would lock the feed's head once more for every first page.
-- squawk-ignore ban-drop-constraint
ALTER TABLE walk DROP CONSTRAINT walk_prospect_search_id_fkey;

-- Runs that stand at the same place of the same snapshot share a row: asking for a first page again and again leaves one.
ALTER TABLE walk ADD COLUMN runs integer NOT NULL DEFAULT 1;

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX walk_of_start ON walk (prospect_search_id, consumer, (coalesce(since, '-infinity')), begun_at DESC, id DESC);
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX walk_consumer;

-- How many of a block's current rows are removals: a full walk passes over them.
ALTER TABLE tally ADD COLUMN removals bigint NOT NULL DEFAULT 0;

UPDATE tally SET removals = counted.removals
FROM (
    SELECT prospect_search_id, level, position >> 7 * (level + 1) AS block, count(*) AS removals
    FROM delivery, generate_series(0, 2) AS level
    WHERE is_removal AND superseded_at IS NULL GROUP BY 1, 2, 3
) AS counted
WHERE tally.prospect_search_id = counted.prospect_search_id AND tally.level = counted.level AND tally.block = counted.block;

-- By the database itself: it is right whatever version of the service withdraws.
CREATE FUNCTION count_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tally (prospect_search_id, level, block, deliveries, removals)
    SELECT NEW.prospect_search_id, level, NEW.position >> 7 * (level + 1), 0, CASE WHEN NEW.superseded_at IS NULL THEN 1 ELSE -1 END
    FROM generate_series(0, 2) AS level
    ON CONFLICT (prospect_search_id, level, block) DO UPDATE SET removals = tally.removals + excluded.removals;
    RETURN NULL;
END;
$$;

CREATE TRIGGER count_removal AFTER INSERT ON delivery
    FOR EACH ROW WHEN (NEW.is_removal AND NEW.superseded_at IS NULL) EXECUTE FUNCTION count_removal();
CREATE TRIGGER count_removal_superseded AFTER UPDATE OF superseded_at ON delivery
    FOR EACH ROW WHEN (NEW.is_removal AND OLD.superseded_at IS NULL AND NEW.superseded_at IS NOT NULL) EXECUTE FUNCTION count_removal();

-- What has been superseded since a walk began; few rows, as those that no walk needs are forgotten.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX delivery_superseded_at ON delivery (prospect_search_id, superseded_at) WHERE superseded_at IS NOT NULL;
