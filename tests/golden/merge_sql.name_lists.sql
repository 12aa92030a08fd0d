CREATE TEMP TABLE batch_list
DISTSTYLE ALL AS
SELECT partition_date, school_id
FROM staged
GROUP BY partition_date, school_id;
