SELECT partition_date, school_id, SUM(places), SUM(rows_read), SUM(other)
FROM (
    SELECT partition_date, school_id, COUNT(*) AS places, 0 AS rows_read, 0 AS other
    FROM public.period_attendance_places
    WHERE origin = CAST('s3' AS VARCHAR(8))
        AND NOT marked
        AND partition_date BETWEEN %s AND %s
    GROUP BY partition_date, school_id
    UNION ALL
    SELECT
        partition_date,
        school_id,
        0,
        COUNT(*),
        SUM(CASE WHEN id IS NULL OR (place_hash = hash AND NOT place_marked) THEN 0 ELSE 1 END)
    FROM staged
    GROUP BY partition_date, school_id
) AS part
GROUP BY partition_date, school_id;
