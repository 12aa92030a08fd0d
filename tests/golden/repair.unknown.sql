SELECT table_row.attendance_date, COUNT(*)
FROM table_row
LEFT JOIN public.period_attendance_places AS places
    ON table_row.id = places.id
    AND places.wins
WHERE places.id IS NULL
GROUP BY table_row.attendance_date
ORDER BY table_row.attendance_date;
