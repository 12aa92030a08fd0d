SELECT name, severity, school_id, attendance_date, subject, row_count, finding, look_closer, since, reported_at
FROM public.period_attendance_checks
ORDER BY severity, name, school_id, attendance_date, subject;
