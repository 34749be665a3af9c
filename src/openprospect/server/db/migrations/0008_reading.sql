-- Reading in one statement: who asks and what they get together, and any offset found without counting up to it.

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

-- Where the row stands that so many others of a snapshot come before, after a time if one is given: the biggest blocks first, then within
-- the one it falls into. The tally counts what is current; what was superseded since the snapshot still belonged to it.
CREATE FUNCTION place_at(feed uuid, since timestamptz, as_of timestamptz, skipped bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    ahead bigint := skipped;
    chosen bigint := 0;
    width integer;
BEGIN
    IF since IS NOT NULL THEN
        ahead := ahead + current_from(feed, 0) - current_from(feed, coalesce((
            SELECT position FROM delivery WHERE prospect_search_id = feed AND superseded_at IS NULL AND delivered_at > since
            ORDER BY delivered_at LIMIT 1
        ), 9223372036854775807)) + (
            SELECT count(*) FROM delivery
            WHERE prospect_search_id = feed AND superseded_at > as_of AND delivered_at <= as_of AND delivered_at <= since
        );
    END IF;
    FOR size IN REVERSE 2..0 LOOP
        width := 7 * (size + 1);
        SELECT counted.block, ahead - counted.before INTO chosen, ahead
        FROM (
            SELECT part.block, sum(sum(part.rows)) OVER (ORDER BY part.block) AS through,
                sum(sum(part.rows)) OVER (ORDER BY part.block) - sum(part.rows) AS before
            FROM (
                SELECT block, deliveries - CASE WHEN since IS NULL THEN removals ELSE 0 END AS rows FROM tally
                WHERE prospect_search_id = feed AND level = size AND (size = 2 OR block BETWEEN chosen << 7 AND (chosen << 7) + 127)
                UNION ALL
                SELECT position >> width, 1 FROM delivery
                WHERE prospect_search_id = feed AND superseded_at > as_of AND delivered_at <= as_of AND NOT (is_removal AND since IS NULL)
                    AND (size = 2 OR position >> width BETWEEN chosen << 7 AND (chosen << 7) + 127)
            ) AS part
            GROUP BY part.block
        ) AS counted
        WHERE counted.through > ahead ORDER BY counted.block LIMIT 1;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END LOOP;
    RETURN (
        SELECT position FROM delivery
        WHERE prospect_search_id = feed AND position >= chosen << 7 AND position < (chosen + 1) << 7
            AND delivered_at <= as_of AND coalesce(superseded_at, 'infinity') > as_of AND NOT (is_removal AND since IS NULL)
        ORDER BY position OFFSET ahead LIMIT 1
    );
END;
$$;
