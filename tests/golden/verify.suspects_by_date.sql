SELECT partition_date, COUNT(*)
FROM suspect
GROUP BY partition_date
ORDER BY partition_date;
