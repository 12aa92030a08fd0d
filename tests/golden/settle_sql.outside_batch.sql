SELECT CAST('row' AS VARCHAR(8)), settled.partition_date, settled.school_id
FROM settled
LEFT JOIN batch_list
    ON settled.partition_date = batch_list.partition_date
    AND settled.school_id = batch_list.school_id
WHERE settled.written
    AND settled.origin = CAST('s3' AS VARCHAR(8))
    AND batch_list.school_id IS NULL
GROUP BY settled.partition_date, settled.school_id
UNION ALL
SELECT CAST('first' AS VARCHAR(8)), MIN(partition_date), 0
FROM settled
UNION ALL
SELECT CAST('last' AS VARCHAR(8)), MAX(partition_date), 0
FROM settled
UNION ALL
SELECT CAST('unknown' AS VARCHAR(8)), MIN(former.attendance_date), 0
FROM public.period_attendance AS former
INNER JOIN settled
    ON former.id = settled.id
WHERE settled.written
    AND settled.hash_before IS NULL
    AND former.attendance_date BETWEEN %s AND %s;
-- 2025-12-09
-- 2026-01-05
