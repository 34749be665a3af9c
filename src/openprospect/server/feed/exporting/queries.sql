-- export_batch :one
-- The next companies of an export, after one time and up to another, a line each; withdrawals only where they are asked for.
-- As they are now, or as they were at $7. With it, where the feed stands that they were read from.
SELECT max(delivered_at) AS last_at,
    convert_to(string_agg(document, E'\n' ORDER BY delivered_at) FILTER (WHERE is_shown), 'UTF8') AS companies,
    (SELECT watermark FROM prospect_search WHERE id = $1) AS watermark,
    (SELECT erasures FROM prospect_search WHERE id = $1) AS erasures
FROM (
    -- Withdrawals count here, so that a batch costs the same however many of them there are.
    SELECT delivered_at, document, $4 OR NOT is_removal AS is_shown,
        sum(octet_length(document)) OVER (ORDER BY delivered_at ROWS UNBOUNDED PRECEDING) - octet_length(document) AS size_before
    FROM (
        (SELECT delivered_at, document, is_removal FROM delivery
        WHERE prospect_search_id = $1 AND superseded_at IS NULL
            AND delivered_at > coalesce($2::timestamptz, '-infinity') AND delivered_at <= $3
        ORDER BY delivered_at LIMIT $5)
        UNION ALL
        (SELECT delivered_at, document, is_removal FROM delivery
        WHERE prospect_search_id = $1 AND superseded_at > $7
            AND delivered_at > coalesce($2::timestamptz, '-infinity') AND delivered_at <= $3
        ORDER BY delivered_at LIMIT $5)
    ) AS next
    ORDER BY delivered_at LIMIT $5 OFFSET 0
) AS batch
WHERE size_before < $6;

-- keep_snapshot :value
-- Whether everything that was superseded after a time is still there, which a walk of no later time keeps for as long as it lives; it lives on.
WITH kept AS MATERIALIZED (
    SELECT walk.id, used_at FROM walk
    WHERE prospect_search_id = $1 AND walk.watermark <= $2 AND used_at > clock_timestamp() - $3::interval
    ORDER BY used_at DESC LIMIT 1
), used AS (
    UPDATE walk SET used_at = clock_timestamp() FROM kept
    WHERE prospect_search_id = $1 AND walk.id = kept.id AND kept.used_at < clock_timestamp() - interval '1 minute'
)
-- Nothing has changed since, or so lately that nothing is forgotten yet.
SELECT watermark <= $2 OR $2 > clock_timestamp() - $4::interval OR EXISTS (SELECT FROM kept)
FROM prospect_search WHERE id = $1;
