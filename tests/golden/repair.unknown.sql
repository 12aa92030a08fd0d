SELECT attendance_date, MAX(places), COUNT(*)
FROM (
    SELECT
        table_row.id,
        table_row.attendance_date,
        COUNT(places.id) AS places,
        SUM(CASE WHEN places.wins THEN 1 ELSE 0 END) AS winners
    FROM table_row
    LEFT JOIN public.period_attendance_places AS places
        ON table_row.id = places.id
    GROUP BY table_row.id, table_row.attendance_date
) AS row_found
WHERE winners = 0
GROUP BY attendance_date, CASE WHEN places > 0 THEN 1 ELSE 0 END
ORDER BY attendance_date;
