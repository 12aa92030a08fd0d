UPDATE public.period_attendance_places
SET hash = '*' || SUBSTRING(hash, 2)
WHERE origin = CAST('s3' AS VARCHAR(8))
    AND ((partition_date = %s AND school_id IN (%s, %s))
    OR (partition_date = %s AND school_id IN (%s)));
-- 2025-12-09
-- 12549
-- 12550
-- 2026-01-05
-- 12549
