SELECT partition_date, school_id, etag, last_modified
FROM public.period_attendance_lists
WHERE origin = CAST('s3' AS VARCHAR(8))
UNION ALL
SELECT
    MAX(partition_date),
    CAST(NULL AS BIGINT),
    CAST(NULL AS VARCHAR(256)),
    CAST(NULL AS TIMESTAMP)
FROM public.period_attendance_lists
WHERE origin = CAST('backfill' AS VARCHAR(8))
ORDER BY partition_date;
