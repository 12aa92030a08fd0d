LOCK TABLE public.period_attendance_lock;
