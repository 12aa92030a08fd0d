SELECT runs.run, runs.script, newest.began
FROM public.period_attendance_runs AS runs
CROSS JOIN (
    SELECT MAX(began) AS began
    FROM public.period_attendance_runs
    WHERE began <= GETDATE()
) AS newest
WHERE runs.began >= DATEADD(day, -7, newest.began)
    OR runs.began > GETDATE();
