DELETE FROM public.period_attendance_loads
WHERE partition_date IN (%s, %s, %s);
-- 2026-01-05
-- 2025-12-09
-- 2025-12-10
