SELECT run, script, scope, part, began, ended, status, error, attention
FROM public.period_attendance_runs AS runs
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY script, scope, part, CASE WHEN status IN (0, 3) THEN 1 ELSE 0 END
    ORDER BY began DESC, run DESC
) = 1;
