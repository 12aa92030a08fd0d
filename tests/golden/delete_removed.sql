DELETE FROM public.period_attendance
WHERE attendance_date IN (%s, %s, %s)
    AND source_file IN (SELECT source_file FROM incoming)
    AND id NOT IN (SELECT id FROM incoming);
-- 2026-01-05
-- 2025-12-09
-- 2025-12-10
