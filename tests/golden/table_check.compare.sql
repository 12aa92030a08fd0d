SELECT
    day,
    SUM(table_rows),
    SUM(table_ids),
    SUM(table_seconds),
    SUM(winners),
    SUM(winner_ids),
    SUM(winner_seconds),
    SUM(places),
    SUM(records),
    SUM(forgotten),
    SUM(marked),
    SUM(superseded),
    SUM(expired),
    SUM(landed_lists),
    SUM(backfilled_lists)
FROM (
    SELECT
        attendance_date AS day,
        COUNT(*) AS table_rows,
        SUM(id) AS table_ids,
        SUM(NVL(DATEDIFF(second, CAST('1970-01-01' AS TIMESTAMP), modified_on), 0)) AS table_seconds,
        0 AS winners,
        0 AS winner_ids,
        0 AS winner_seconds,
        0 AS places,
        0 AS records,
        0 AS forgotten,
        0 AS marked,
        0 AS superseded,
        0 AS expired,
        0 AS landed_lists,
        0 AS backfilled_lists
    FROM public.period_attendance
    WHERE attendance_date BETWEEN %s AND %s
    GROUP BY attendance_date
    UNION ALL
    SELECT
        partition_date,
        0,
        0,
        0,
        SUM(CASE WHEN wins THEN 1 ELSE 0 END),
        SUM(CASE WHEN wins THEN id ELSE 0 END),
        SUM(CASE WHEN wins THEN NVL(DATEDIFF(second, CAST('1970-01-01' AS TIMESTAMP), modified_on), 0) ELSE 0 END),
        SUM(CASE WHEN origin = CAST('s3' AS VARCHAR(8)) AND NOT marked THEN 1 ELSE 0 END),
        0,
        0,
        SUM(CASE WHEN marked THEN 1 ELSE 0 END),
        SUM(CASE WHEN origin = CAST('s3' AS VARCHAR(8)) AND NOT marked AND NOT wins THEN 1 ELSE 0 END),
        0,
        0,
        0
    FROM public.period_attendance_places
    WHERE partition_date BETWEEN %s AND %s
    GROUP BY partition_date
    UNION ALL
    SELECT
        partition_date,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        SUM(CASE WHEN origin = CAST('s3' AS VARCHAR(8)) THEN row_count ELSE 0 END),
        SUM(CASE WHEN etag = '' THEN 1 ELSE 0 END),
        0,
        0,
        0,
        SUM(CASE WHEN origin = CAST('s3' AS VARCHAR(8)) THEN 1 ELSE 0 END),
        SUM(CASE WHEN origin = CAST('backfill' AS VARCHAR(8)) THEN 1 ELSE 0 END)
    FROM public.period_attendance_lists
    WHERE partition_date BETWEEN %s AND %s
    GROUP BY partition_date
    UNION ALL
    SELECT
        attendance_date,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        COUNT(*),
        0,
        0
    FROM public.period_attendance_history
    WHERE valid_to < %s
    GROUP BY attendance_date
) AS part
GROUP BY day
ORDER BY day;
-- 2025-12-09
-- 2026-01-05
-- 2025-12-09
-- 2026-01-05
-- 2025-12-09
-- 2026-01-05
-- 2025-01-09 06:00:00
