SELECT
    MIN(CASE WHEN origin = CAST('s3' AS VARCHAR(8)) THEN partition_date END),
    MIN(CASE WHEN origin = CAST('backfill' AS VARCHAR(8)) THEN partition_date END)
FROM public.period_attendance_lists;
