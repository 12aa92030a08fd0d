DELETE FROM public.period_attendance_places
USING departure
WHERE period_attendance_places.id = departure.id
    AND period_attendance_places.partition_date = departure.partition_date
    AND period_attendance_places.school_id = departure.school_id
    AND period_attendance_places.origin = CAST('s3' AS VARCHAR(8))
    AND departure.remaining > 0
    AND NOT departure.wins;
