CREATE TEMP TABLE lost AS
SELECT target.id
FROM public.period_attendance AS target
LEFT JOIN incoming
    ON target.id = incoming.id
WHERE target.attendance_date IN (%s, %s, %s)
    AND target.source_file IN (SELECT source_file FROM incoming)
    AND incoming.id IS NULL;
-- 2026-01-05
-- 2025-12-09
-- 2025-12-10
