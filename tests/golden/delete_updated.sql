DELETE FROM public.period_attendance
USING change
WHERE period_attendance.id = change.id
    AND period_attendance.attendance_date = change.held_date
    AND period_attendance.student_id = change.held_student_id
    AND change.outcome = 'updated'
    AND period_attendance.attendance_date BETWEEN %s AND %s;
-- 2025-12-09
-- 2026-01-05
