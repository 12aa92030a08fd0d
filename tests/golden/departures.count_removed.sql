SELECT COUNT(DISTINCT id), MIN(partition_date), MAX(partition_date)
FROM departure
WHERE remaining = 0;
