INSERT INTO public.period_attendance_lists (partition_date, school_id, origin, etag, last_modified, row_count, loaded_at, run)
SELECT
    batch_list.partition_date,
    batch_list.school_id,
    CAST('backfill' AS VARCHAR(8)),
    CAST(%s AS VARCHAR(256)),
    CAST(NULL AS TIMESTAMP),
    COUNT(places.id),
    SYSDATE,
    CAST(%s AS VARCHAR(64))
FROM batch_list
LEFT JOIN public.period_attendance_places AS places
    ON batch_list.partition_date = places.partition_date
    AND batch_list.school_id = places.school_id
    AND places.origin = CAST('backfill' AS VARCHAR(8))
    AND places.partition_date BETWEEN %s AND %s
GROUP BY batch_list.partition_date, batch_list.school_id;
-- public.old_attendance
-- RUN
-- 2025-12-09
-- 2026-01-05
