SELECT attendance_date, COUNT(*)
FROM incoming
GROUP BY attendance_date;
