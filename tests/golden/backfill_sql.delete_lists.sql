DELETE FROM public.period_attendance_lists
USING batch_list
WHERE period_attendance_lists.partition_date = batch_list.partition_date
    AND period_attendance_lists.school_id = batch_list.school_id
    AND period_attendance_lists.origin = CAST('backfill' AS VARCHAR(8))
    AND period_attendance_lists.etag = %s;
-- public.old_attendance
