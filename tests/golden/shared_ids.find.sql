SELECT school, other_school, COUNT(*), MIN(first_day), MAX(last_day)
FROM (
    SELECT
        other.id,
        CASE WHEN other.school_id < winner.school_id THEN other.school_id ELSE winner.school_id END AS school,
        CASE WHEN other.school_id < winner.school_id THEN winner.school_id ELSE other.school_id END
            AS other_school,
        MIN(other.partition_date) AS first_day,
        MAX(other.partition_date) AS last_day
    FROM public.period_attendance_places AS other
    INNER JOIN public.period_attendance_places AS winner
        ON other.id = winner.id
        AND other.school_id <> winner.school_id
    WHERE other.partition_date BETWEEN %s AND %s
        AND other.origin = CAST('s3' AS VARCHAR(8))
        AND NOT other.wins
        AND NOT other.marked
        AND winner.origin = CAST('s3' AS VARCHAR(8))
        AND winner.wins
        AND NOT winner.marked
    GROUP BY other.id, other.school_id, winner.school_id
) AS pair
GROUP BY school, other_school
ORDER BY school, other_school;
