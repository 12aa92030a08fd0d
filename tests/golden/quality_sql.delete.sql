DELETE FROM public.period_attendance_checks;
