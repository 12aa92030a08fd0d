SELECT partition_date, fingerprint
FROM public.period_attendance_loads;
