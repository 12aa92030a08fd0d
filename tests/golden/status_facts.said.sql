SELECT attention
FROM public.period_attendance_runs
WHERE attention IS NOT NULL
    AND began >= DATEADD(day, -8, GETDATE())
ORDER BY began DESC;
