DELETE FROM public.period_attendance
USING suspect
WHERE period_attendance.id = suspect.id
    AND suspect.found
    AND (suspect.reread OR period_attendance.attendance_date IN (%s, %s, %s));
-- 2026-01-05
-- 2025-12-09
-- 2025-12-10
