CREATE TEMP TABLE lost AS
SELECT target.id
FROM public.period_attendance AS target
INNER JOIN read_file
    ON target.source_file = read_file.source_file
LEFT JOIN incoming
    ON target.id = incoming.id
WHERE target.attendance_date BETWEEN %s AND %s
    AND incoming.id IS NULL;
-- 2025-12-09
-- 2026-01-05
