SELECT partition_date, COUNT(*)
FROM staged
WHERE NOT known
    AND fault IS NULL
    AND NVL(place_hash, '') <> hash
GROUP BY partition_date
ORDER BY partition_date;
