CREATE TEMP TABLE change
DISTKEY (student_id) AS
WITH ranked AS (
    SELECT
        incoming.id,
        incoming.school_id,
        incoming.attendance_date,
        incoming.student_id,
        incoming.meeting_time_id,
        incoming.section_id,
        incoming.room_id,
        incoming.room_number,
        incoming.semester_numbers,
        incoming.bell_schedule_day,
        incoming.period_from,
        incoming.period_to,
        incoming.start_time,
        incoming.end_time,
        incoming.cycle,
        incoming.teacher,
        incoming.teachers,
        incoming.marking_periods,
        incoming.semester_pattern,
        incoming.period_name,
        incoming.attendance_reason_id,
        incoming.attendance_reason,
        incoming.modality,
        incoming.attendance_status,
        incoming.excused_status,
        incoming.is_early_dismissal,
        incoming.early_dismissal_attendance_reason_id,
        incoming.minutes_late,
        incoming.minutes_early,
        incoming.minutes_missed,
        incoming.actual_minutes,
        incoming.potential_minutes,
        incoming.tardy_time,
        incoming.dismissed_time,
        incoming.comment,
        incoming.is_locked,
        incoming.verified,
        incoming.created_by,
        incoming.created_on,
        incoming.modified_by,
        incoming.modified_on,
        incoming.extra_fields,
        incoming.source_file,
        incoming.loaded_at,
        landed.landed_at,
        ROW_NUMBER() OVER (
            PARTITION BY incoming.id
            ORDER BY NVL(incoming.modified_on, CAST('0001-01-01' AS TIMESTAMP)) DESC,
                NVL(landed.landed_at, CAST('0001-01-01' AS TIMESTAMP)) DESC,
                incoming.source_file DESC
        ) AS version
    FROM incoming
    LEFT JOIN landed
        ON incoming.source_file = landed.source_file
),
newest AS (
    SELECT *
    FROM ranked
    WHERE version = 1
)
SELECT
    newest.id,
    newest.school_id,
    newest.attendance_date,
    newest.student_id,
    newest.meeting_time_id,
    newest.section_id,
    newest.room_id,
    newest.room_number,
    newest.semester_numbers,
    newest.bell_schedule_day,
    newest.period_from,
    newest.period_to,
    newest.start_time,
    newest.end_time,
    newest.cycle,
    newest.teacher,
    newest.teachers,
    newest.marking_periods,
    newest.semester_pattern,
    newest.period_name,
    newest.attendance_reason_id,
    newest.attendance_reason,
    newest.modality,
    newest.attendance_status,
    newest.excused_status,
    newest.is_early_dismissal,
    newest.early_dismissal_attendance_reason_id,
    newest.minutes_late,
    newest.minutes_early,
    newest.minutes_missed,
    newest.actual_minutes,
    newest.potential_minutes,
    newest.tardy_time,
    newest.dismissed_time,
    newest.comment,
    newest.is_locked,
    newest.verified,
    newest.created_by,
    newest.created_on,
    newest.modified_by,
    newest.modified_on,
    newest.extra_fields,
    newest.source_file,
    newest.loaded_at,
    held.attendance_date AS held_date,
    held.student_id AS held_student_id,
    CASE
        WHEN held.id IS NULL THEN 'inserted'
        WHEN NVL(held.modified_on, CAST('0001-01-01' AS TIMESTAMP)) > NVL(newest.modified_on, CAST('0001-01-01' AS TIMESTAMP)) THEN 'stale'
        WHEN (newest.id = held.id OR (newest.id IS NULL AND held.id IS NULL))
            AND (newest.school_id = held.school_id OR (newest.school_id IS NULL AND held.school_id IS NULL))
            AND (newest.attendance_date = held.attendance_date OR (newest.attendance_date IS NULL AND held.attendance_date IS NULL))
            AND (newest.student_id = held.student_id OR (newest.student_id IS NULL AND held.student_id IS NULL))
            AND (newest.meeting_time_id = held.meeting_time_id OR (newest.meeting_time_id IS NULL AND held.meeting_time_id IS NULL))
            AND (newest.section_id = held.section_id OR (newest.section_id IS NULL AND held.section_id IS NULL))
            AND (newest.room_id = held.room_id OR (newest.room_id IS NULL AND held.room_id IS NULL))
            AND NVL(newest.room_number || '.', '') = NVL(held.room_number || '.', '')
            AND NVL(newest.semester_numbers || '.', '') = NVL(held.semester_numbers || '.', '')
            AND NVL(newest.bell_schedule_day || '.', '') = NVL(held.bell_schedule_day || '.', '')
            AND NVL(newest.period_from || '.', '') = NVL(held.period_from || '.', '')
            AND NVL(newest.period_to || '.', '') = NVL(held.period_to || '.', '')
            AND NVL(newest.start_time || '.', '') = NVL(held.start_time || '.', '')
            AND NVL(newest.end_time || '.', '') = NVL(held.end_time || '.', '')
            AND NVL(newest.cycle || '.', '') = NVL(held.cycle || '.', '')
            AND NVL(newest.teacher || '.', '') = NVL(held.teacher || '.', '')
            AND NVL(newest.teachers || '.', '') = NVL(held.teachers || '.', '')
            AND NVL(newest.marking_periods || '.', '') = NVL(held.marking_periods || '.', '')
            AND NVL(newest.semester_pattern || '.', '') = NVL(held.semester_pattern || '.', '')
            AND NVL(newest.period_name || '.', '') = NVL(held.period_name || '.', '')
            AND (newest.attendance_reason_id = held.attendance_reason_id OR (newest.attendance_reason_id IS NULL AND held.attendance_reason_id IS NULL))
            AND NVL(newest.attendance_reason || '.', '') = NVL(held.attendance_reason || '.', '')
            AND NVL(newest.modality || '.', '') = NVL(held.modality || '.', '')
            AND NVL(newest.attendance_status || '.', '') = NVL(held.attendance_status || '.', '')
            AND NVL(newest.excused_status || '.', '') = NVL(held.excused_status || '.', '')
            AND (newest.is_early_dismissal = held.is_early_dismissal OR (newest.is_early_dismissal IS NULL AND held.is_early_dismissal IS NULL))
            AND (newest.early_dismissal_attendance_reason_id = held.early_dismissal_attendance_reason_id OR (newest.early_dismissal_attendance_reason_id IS NULL AND held.early_dismissal_attendance_reason_id IS NULL))
            AND (newest.minutes_late = held.minutes_late OR (newest.minutes_late IS NULL AND held.minutes_late IS NULL))
            AND (newest.minutes_early = held.minutes_early OR (newest.minutes_early IS NULL AND held.minutes_early IS NULL))
            AND (newest.minutes_missed = held.minutes_missed OR (newest.minutes_missed IS NULL AND held.minutes_missed IS NULL))
            AND (newest.actual_minutes = held.actual_minutes OR (newest.actual_minutes IS NULL AND held.actual_minutes IS NULL))
            AND (newest.potential_minutes = held.potential_minutes OR (newest.potential_minutes IS NULL AND held.potential_minutes IS NULL))
            AND NVL(newest.tardy_time || '.', '') = NVL(held.tardy_time || '.', '')
            AND NVL(newest.dismissed_time || '.', '') = NVL(held.dismissed_time || '.', '')
            AND NVL(newest.comment || '.', '') = NVL(held.comment || '.', '')
            AND (newest.is_locked = held.is_locked OR (newest.is_locked IS NULL AND held.is_locked IS NULL))
            AND (newest.verified = held.verified OR (newest.verified IS NULL AND held.verified IS NULL))
            AND (newest.created_by = held.created_by OR (newest.created_by IS NULL AND held.created_by IS NULL))
            AND (newest.created_on = held.created_on OR (newest.created_on IS NULL AND held.created_on IS NULL))
            AND (newest.modified_by = held.modified_by OR (newest.modified_by IS NULL AND held.modified_by IS NULL))
            AND (newest.modified_on = held.modified_on OR (newest.modified_on IS NULL AND held.modified_on IS NULL))
            AND NVL(newest.extra_fields || '.', '') = NVL(held.extra_fields || '.', '')
            THEN 'skipped'
        WHEN NVL(held.modified_on, CAST('0001-01-01' AS TIMESTAMP)) = NVL(newest.modified_on, CAST('0001-01-01' AS TIMESTAMP))
            AND held.source_file <> newest.source_file
            AND held_landed.landed_at > newest.landed_at THEN 'stale'
        ELSE 'updated'
    END AS outcome
FROM newest
LEFT JOIN public.period_attendance AS held
    ON newest.id = held.id
LEFT JOIN landed AS held_landed
    ON held.source_file = held_landed.source_file;
