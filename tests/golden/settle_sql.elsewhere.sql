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
FROM settled;
