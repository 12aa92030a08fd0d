SELECT
    partition_date,
    school_id,
    COUNT(*),
    COUNT(id),
    COUNT(DISTINCT id),
    COUNT(student_id),
    SUM(CASE WHEN attendance_date = partition_date THEN 1 ELSE 0 END),
    SUM(CASE WHEN place_marked THEN 0 WHEN place_hash IS NULL THEN 0 ELSE 1 END),
    MIN(source_file),
    MAX(source_file)
FROM staged
GROUP BY partition_date, school_id;
