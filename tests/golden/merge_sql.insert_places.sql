INSERT INTO public.period_attendance_places (id, partition_date, school_id, origin, modified_on, hash, wins, marked, loaded_at)
SELECT
    id,
    partition_date,
    school_id,
    origin,
    modified_on,
    hash,
    CASE WHEN version = 1 THEN TRUE ELSE FALSE END,
    marked,
    loaded_at
FROM settled
WHERE kept;
