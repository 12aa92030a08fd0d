INSERT INTO public.period_attendance_loads (partition_date, fingerprint, object_count, row_count, loaded_at) VALUES (%s, %s, %s, %s, GETDATE());
