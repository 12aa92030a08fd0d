SELECT school_id, records, newest_date FROM public.period_attendance_freshness;
