UPDATE public.period_attendance_checks
SET reported_at = checked_at
WHERE run = %s
    AND severity = 'error'
    AND reported_at IS NULL;
