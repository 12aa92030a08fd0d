SELECT lists.etag, suspect.partition_date, MIN(lists.school_id)
FROM suspect
INNER JOIN public.period_attendance_lists AS lists
    ON suspect.partition_date = lists.partition_date
    AND suspect.school_id = lists.school_id
    AND lists.origin = CAST('backfill' AS VARCHAR(8))
WHERE suspect.reread
    AND suspect.origin = CAST('backfill' AS VARCHAR(8))
GROUP BY lists.etag, suspect.partition_date
ORDER BY lists.etag, suspect.partition_date;
