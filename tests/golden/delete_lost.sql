DELETE FROM public.period_attendance
WHERE id IN (SELECT id FROM lost)
    AND id NOT IN (SELECT id FROM incoming);
