SELECT partition_date, school_id, etag, last_modified
FROM public.period_attendance_lists
WHERE origin = CAST('s3' AS VARCHAR(8))
    AND partition_date BETWEEN %s AND %s;
