CREATE TEMP TABLE batch_list
DISTSTYLE ALL AS
SELECT partition_date, school_id
FROM staged
WHERE school_id IS NOT NULL
GROUP BY partition_date, school_id;
