SELECT id FROM public.period_attendance_places WHERE NOT marked GROUP BY id HAVING MIN(school_id) < MAX(school_id);
