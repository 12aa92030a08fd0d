SELECT
    (SELECT COUNT(DISTINCT id) FROM incoming) AS records_held,
    COUNT(*) AS rows_found,
    COUNT(DISTINCT id) AS records_found
FROM public.period_attendance
WHERE id IN (SELECT id FROM incoming)
    AND attendance_date BETWEEN %s AND %s;
-- 2025-12-09
-- 2026-01-05
