CREATE TEMP TABLE incoming (LIKE public.period_attendance);
