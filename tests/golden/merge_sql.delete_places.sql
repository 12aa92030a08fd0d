DELETE FROM public.period_attendance_places
USING settled
WHERE period_attendance_places.id = settled.id
    AND period_attendance_places.partition_date BETWEEN %s AND %s;
-- 2025-12-09
-- 2026-01-05
