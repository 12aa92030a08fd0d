INSERT INTO public.period_attendance_checks (name, severity, school_id, attendance_date, subject, row_count, finding, look_closer, since, reported_at, checked_at, run)
VALUES %s;
