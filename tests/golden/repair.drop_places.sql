DELETE FROM public.period_attendance_places
WHERE origin = CAST('s3' AS VARCHAR(8))
    AND partition_date IN (%s, %s, %s)
    AND NOT EXISTS (
        SELECT 1
        FROM public.period_attendance_lists AS lists
        WHERE lists.partition_date = period_attendance_places.partition_date
            AND lists.school_id = period_attendance_places.school_id
            AND lists.origin = CAST('s3' AS VARCHAR(8))
            AND lists.etag IS NULL
    );
-- 2026-01-05
-- 2025-12-09
-- 2025-12-10
