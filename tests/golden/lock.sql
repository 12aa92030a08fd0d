LOCK TABLE public.period_attendance_loads;
