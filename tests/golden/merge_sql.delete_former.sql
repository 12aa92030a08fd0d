DELETE FROM public.period_attendance
USING settled
WHERE period_attendance.id = settled.id
    AND settled.written
    AND period_attendance.attendance_date BETWEEN %s AND %s;
-- 2025-12-09
-- 2026-01-05
