SELECT DISTINCT partition_date
FROM public.period_attendance_lists
WHERE origin = CAST('backfill' AS VARCHAR(8))
    AND etag = %s;
-- public.old_attendance
