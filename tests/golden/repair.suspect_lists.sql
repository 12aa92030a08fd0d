SELECT DISTINCT partition_date, school_id
FROM suspect
WHERE reread
    AND origin = CAST('s3' AS VARCHAR(8));
