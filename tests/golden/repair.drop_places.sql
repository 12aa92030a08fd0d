DELETE FROM public.period_attendance_places
WHERE origin = CAST('s3' AS VARCHAR(8))
    AND partition_date IN (%s, %s, %s);
-- 2026-01-05
-- 2025-12-09
-- 2025-12-10
