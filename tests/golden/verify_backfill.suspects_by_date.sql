SELECT partition_date, COUNT(*)
FROM suspect
WHERE origin = CAST('backfill' AS VARCHAR(8))
GROUP BY partition_date
ORDER BY partition_date;
