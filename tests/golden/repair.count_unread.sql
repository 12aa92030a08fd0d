SELECT
    suspect.partition_date,
    suspect.school_id,
    CASE WHEN suspect.origin = CAST('s3' AS VARCHAR(8)) THEN TRUE ELSE FALSE END,
    CASE WHEN MAX(lists.etag) IS NULL THEN FALSE ELSE TRUE END,
    COUNT(*)
FROM suspect
LEFT JOIN public.period_attendance_lists AS lists
    ON suspect.partition_date = lists.partition_date
    AND suspect.school_id = lists.school_id
    AND lists.origin = CAST('s3' AS VARCHAR(8))
WHERE NOT suspect.found
GROUP BY suspect.partition_date, suspect.school_id, suspect.origin;
