INSERT INTO public.period_attendance_lists (partition_date, school_id, origin, etag, last_modified, row_count, loaded_at, run)
VALUES %s;
