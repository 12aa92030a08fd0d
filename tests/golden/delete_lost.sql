DELETE FROM public.period_attendance
WHERE id IN (SELECT id FROM lost)
    AND id NOT IN (SELECT id FROM incoming)
    AND attendance_date BETWEEN %s AND %s;
-- 2025-12-09
-- 2026-01-05
