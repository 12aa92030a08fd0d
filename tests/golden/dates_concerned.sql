SELECT MIN(attendance_date), MAX(attendance_date)
FROM (
    SELECT attendance_date
    FROM incoming
    UNION ALL
    SELECT attendance_date
    FROM held
) AS version;
