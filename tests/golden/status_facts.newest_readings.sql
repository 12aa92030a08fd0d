SELECT school_id, scope, began, fault, in_quarantine
FROM public.period_attendance_run_schools AS schools
WHERE script = 'fetch'
    AND (pages > 0 OR fault IS NOT NULL)
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY school_id, scope, CASE WHEN fault IS NULL THEN 1 ELSE 0 END
    ORDER BY began DESC, run DESC
) = 1;
