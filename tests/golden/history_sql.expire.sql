DELETE FROM public.period_attendance_history
WHERE valid_to < %s;
-- 2025-01-09 06:00:00
