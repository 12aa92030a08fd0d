INSERT INTO incoming (
    id,
    school_id,
    attendance_date,
    student_id,
    meeting_time_id,
    section_id,
    room_id,
    room_number,
    semester_numbers,
    bell_schedule_day,
    period_from,
    period_to,
    start_time,
    end_time,
    cycle,
    teacher,
    teachers,
    marking_periods,
    semester_pattern,
    period_name,
    attendance_reason_id,
    attendance_reason,
    modality,
    attendance_status,
    excused_status,
    is_early_dismissal,
    early_dismissal_attendance_reason_id,
    minutes_late,
    minutes_early,
    minutes_missed,
    actual_minutes,
    potential_minutes,
    tardy_time,
    dismissed_time,
    comment,
    is_locked,
    verified,
    created_by,
    created_on,
    modified_by,
    modified_on,
    extra_fields,
    source_file,
    loaded_at
)
SELECT
    id,
    school_id,
    TO_DATE(date, 'MM-DD-YYYY', TRUE),
    student_id,
    meeting_time_id,
    meeting_time__section_id,
    meeting_time__room_id,
    meeting_time__room_number,
    meeting_time__semester_numbers,
    meeting_time__bell_schedule_day,
    meeting_time__period_from,
    meeting_time__period_to,
    meeting_time__start_time,
    meeting_time__end_time,
    meeting_time__cycle,
    meeting_time__teacher,
    meeting_time__teachers,
    meeting_time__marking_periods,
    meeting_time__semester_pattern,
    meeting_time__friendly_name,
    attendance_reason_id,
    attendance_reason,
    modality,
    attendance_status,
    excused_status,
    is_early_dismissal,
    early_dismissal_attendance_reason_id,
    minutes_late,
    minutes_early,
    minutes_missed,
    actual_minutes,
    potential_minutes,
    tardy_time,
    dismissed_time,
    comment,
    is_locked,
    verified,
    created_by,
    CAST(created_on AS TIMESTAMP),
    modified_by,
    CAST(modified_on AS TIMESTAMP),
    extra_fields,
    "$path",
    GETDATE()
FROM esd_spectrum.period_attendance
WHERE year IN (%s, %s, %s, %s)
    AND NOT ((year = %s AND month = %s AND day IN (%s, %s))
    OR (year = %s AND month = %s AND day IN (%s)))
    AND id IN (SELECT id FROM lost);
-- 2024
-- 2025
-- 2026
-- 2027
-- 2025
-- 12
-- 9
-- 10
-- 2026
-- 1
-- 5
