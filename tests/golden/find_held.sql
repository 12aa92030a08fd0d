CREATE TEMP TABLE held AS
SELECT id, attendance_date, student_id, modified_on, source_file
FROM public.period_attendance
WHERE id IN (SELECT id FROM incoming);
