SELECT attendance_date
FROM public.period_attendance_school_days
ORDER BY attendance_date DESC
LIMIT 10;
