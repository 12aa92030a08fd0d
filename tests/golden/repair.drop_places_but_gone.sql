DELETE FROM public.period_attendance_places
WHERE origin = CAST('s3' AS VARCHAR(8))
    AND partition_date IN (%s, %s, %s)
    AND NOT ((partition_date = %s AND school_id IN (%s, %s))
    OR (partition_date = %s AND school_id IN (%s)));
-- 2026-01-05
-- 2025-12-09
-- 2025-12-10
-- 2025-12-09
-- 12549
-- 12550
-- 2026-01-05
-- 12549
