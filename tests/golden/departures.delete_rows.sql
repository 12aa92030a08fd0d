DELETE FROM public.period_attendance
USING departure
WHERE period_attendance.id = departure.id
    AND departure.remaining = 0
    AND period_attendance.attendance_date BETWEEN %s AND %s;
