INSERT INTO staged (
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
    partition_date,
    hash,
    place_hash,
    place_wins,
    place_marked,
    place_loaded_at
)
-- here stands the statement of list_sql.read.sql
WHERE hashed.id IN (SELECT id FROM settled WHERE written);
-- 2025
-- 12
-- 9
-- 2026
-- 1
-- 5
-- 12549
-- 12550
-- 2026
-- 1
-- 5
-- 12549
-- 2025
-- 12
-- 9
-- 12549
-- 12550
-- 2025-12-09
-- 2026-01-05
