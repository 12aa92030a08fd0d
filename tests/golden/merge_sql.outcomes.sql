WITH outcome AS (
    SELECT
        CASE
            WHEN settled.id IS NULL AND staged.place_wins THEN CAST('unchanged' AS VARCHAR(16))
            WHEN NVL(settled.version, 2) > 1 THEN CAST('superseded' AS VARCHAR(16))
            WHEN settled.hash_before IS NULL THEN CAST('inserted' AS VARCHAR(16))
            WHEN settled.written THEN CAST('updated' AS VARCHAR(16))
            ELSE CAST('unchanged' AS VARCHAR(16))
        END AS name
    FROM staged
    INNER JOIN batch_list
        ON staged.partition_date = batch_list.partition_date
        AND staged.school_id = batch_list.school_id
    LEFT JOIN settled
        ON staged.id = settled.id
        AND staged.partition_date = settled.partition_date
        AND staged.school_id = settled.school_id
        AND settled.origin = CAST('s3' AS VARCHAR(8))
    WHERE staged.id IS NOT NULL
),
found AS (
    SELECT period_attendance.id
    FROM public.period_attendance
    INNER JOIN settled
        ON period_attendance.id = settled.id
    WHERE settled.written
        AND period_attendance.attendance_date BETWEEN %s AND %s
)
SELECT name, COUNT(*)
FROM outcome
GROUP BY name
UNION ALL
SELECT CAST('to write' AS VARCHAR(16)), COUNT(*)
FROM settled
WHERE written
UNION ALL
SELECT CAST('reread' AS VARCHAR(16)), COUNT(*)
FROM settled
LEFT JOIN batch_list
    ON settled.partition_date = batch_list.partition_date
    AND settled.school_id = batch_list.school_id
WHERE settled.written
    AND batch_list.school_id IS NULL
UNION ALL
SELECT CAST('rows' AS VARCHAR(16)), COUNT(*)
FROM found
UNION ALL
SELECT CAST('records' AS VARCHAR(16)), COUNT(DISTINCT id)
FROM found;
-- 2025-12-09
-- 2026-01-05
