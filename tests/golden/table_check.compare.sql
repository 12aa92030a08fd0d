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
    SUM(expired)
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
        0 AS expired
    FROM public.period_attendance
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
        SUM(CASE WHEN marked THEN 0 ELSE 1 END),
        0,
        0,
        SUM(CASE WHEN marked THEN 1 ELSE 0 END),
        SUM(CASE WHEN marked OR wins THEN 0 ELSE 1 END),
        0
    FROM public.period_attendance_places
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
        SUM(row_count),
        SUM(CASE WHEN etag = '' THEN 1 ELSE 0 END),
        0,
        0,
        0
    FROM public.period_attendance_lists
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
        COUNT(*)
    FROM public.period_attendance_history
    WHERE valid_to < %s
    GROUP BY attendance_date
) AS part
GROUP BY day
ORDER BY day;
-- 2025-01-09 06:00:00
