SELECT etag, partition_date, MIN(school_id)
FROM public.period_attendance_lists
WHERE origin = CAST('backfill' AS VARCHAR(8))
GROUP BY etag, partition_date
ORDER BY etag, partition_date;
