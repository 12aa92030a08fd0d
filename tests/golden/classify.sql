CREATE TEMP TABLE change
DISTKEY (student_id) AS
WITH several AS (
    SELECT id
    FROM incoming
    GROUP BY id
    HAVING COUNT(*) > 1
),
ranked AS (
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
    INNER JOIN several
        ON incoming.id = several.id
    LEFT JOIN landed
        ON incoming.source_file = landed.source_file
),
newest AS (
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
        1 AS version
    FROM incoming
    LEFT JOIN several
        ON incoming.id = several.id
    LEFT JOIN landed
        ON incoming.source_file = landed.source_file
    WHERE several.id IS NULL
    UNION ALL
    SELECT *
    FROM ranked
    WHERE version = 1
),
still AS (
    SELECT DISTINCT held.id, held.source_file
    FROM held
    INNER JOIN incoming
        ON held.id = incoming.id
        AND held.source_file = incoming.source_file
),
standing AS (
    SELECT
        held.*,
        landed.landed_at,
        CASE WHEN read_file.source_file IS NOT NULL AND still.id IS NULL THEN 1 ELSE 0 END AS outdated
    FROM held
    LEFT JOIN landed
        ON held.source_file = landed.source_file
    LEFT JOIN read_file
        ON held.source_file = read_file.source_file
    LEFT JOIN still
        ON held.id = still.id
        AND held.source_file = still.source_file
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
    standing.attendance_date AS held_date,
    standing.student_id AS held_student_id,
    CASE
        WHEN standing.id IS NULL THEN 'inserted'
        WHEN whole.id IS NOT NULL
            AND (newest.id = whole.id OR (newest.id IS NULL AND whole.id IS NULL))
            AND (newest.school_id = whole.school_id OR (newest.school_id IS NULL AND whole.school_id IS NULL))
            AND (newest.attendance_date = whole.attendance_date OR (newest.attendance_date IS NULL AND whole.attendance_date IS NULL))
            AND (newest.student_id = whole.student_id OR (newest.student_id IS NULL AND whole.student_id IS NULL))
            AND (newest.meeting_time_id = whole.meeting_time_id OR (newest.meeting_time_id IS NULL AND whole.meeting_time_id IS NULL))
            AND (newest.section_id = whole.section_id OR (newest.section_id IS NULL AND whole.section_id IS NULL))
            AND (newest.room_id = whole.room_id OR (newest.room_id IS NULL AND whole.room_id IS NULL))
            AND NVL(newest.room_number || '.', '') = NVL(whole.room_number || '.', '')
            AND NVL(newest.semester_numbers || '.', '') = NVL(whole.semester_numbers || '.', '')
            AND NVL(newest.bell_schedule_day || '.', '') = NVL(whole.bell_schedule_day || '.', '')
            AND NVL(newest.period_from || '.', '') = NVL(whole.period_from || '.', '')
            AND NVL(newest.period_to || '.', '') = NVL(whole.period_to || '.', '')
            AND NVL(newest.start_time || '.', '') = NVL(whole.start_time || '.', '')
            AND NVL(newest.end_time || '.', '') = NVL(whole.end_time || '.', '')
            AND NVL(newest.cycle || '.', '') = NVL(whole.cycle || '.', '')
            AND NVL(newest.teacher || '.', '') = NVL(whole.teacher || '.', '')
            AND NVL(newest.teachers || '.', '') = NVL(whole.teachers || '.', '')
            AND NVL(newest.marking_periods || '.', '') = NVL(whole.marking_periods || '.', '')
            AND NVL(newest.semester_pattern || '.', '') = NVL(whole.semester_pattern || '.', '')
            AND NVL(newest.period_name || '.', '') = NVL(whole.period_name || '.', '')
            AND (newest.attendance_reason_id = whole.attendance_reason_id OR (newest.attendance_reason_id IS NULL AND whole.attendance_reason_id IS NULL))
            AND NVL(newest.attendance_reason || '.', '') = NVL(whole.attendance_reason || '.', '')
            AND NVL(newest.modality || '.', '') = NVL(whole.modality || '.', '')
            AND NVL(newest.attendance_status || '.', '') = NVL(whole.attendance_status || '.', '')
            AND NVL(newest.excused_status || '.', '') = NVL(whole.excused_status || '.', '')
            AND (newest.is_early_dismissal = whole.is_early_dismissal OR (newest.is_early_dismissal IS NULL AND whole.is_early_dismissal IS NULL))
            AND (newest.early_dismissal_attendance_reason_id = whole.early_dismissal_attendance_reason_id OR (newest.early_dismissal_attendance_reason_id IS NULL AND whole.early_dismissal_attendance_reason_id IS NULL))
            AND (newest.minutes_late = whole.minutes_late OR (newest.minutes_late IS NULL AND whole.minutes_late IS NULL))
            AND (newest.minutes_early = whole.minutes_early OR (newest.minutes_early IS NULL AND whole.minutes_early IS NULL))
            AND (newest.minutes_missed = whole.minutes_missed OR (newest.minutes_missed IS NULL AND whole.minutes_missed IS NULL))
            AND (newest.actual_minutes = whole.actual_minutes OR (newest.actual_minutes IS NULL AND whole.actual_minutes IS NULL))
            AND (newest.potential_minutes = whole.potential_minutes OR (newest.potential_minutes IS NULL AND whole.potential_minutes IS NULL))
            AND NVL(newest.tardy_time || '.', '') = NVL(whole.tardy_time || '.', '')
            AND NVL(newest.dismissed_time || '.', '') = NVL(whole.dismissed_time || '.', '')
            AND NVL(newest.comment || '.', '') = NVL(whole.comment || '.', '')
            AND (newest.is_locked = whole.is_locked OR (newest.is_locked IS NULL AND whole.is_locked IS NULL))
            AND (newest.verified = whole.verified OR (newest.verified IS NULL AND whole.verified IS NULL))
            AND (newest.created_by = whole.created_by OR (newest.created_by IS NULL AND whole.created_by IS NULL))
            AND (newest.created_on = whole.created_on OR (newest.created_on IS NULL AND whole.created_on IS NULL))
            AND (newest.modified_by = whole.modified_by OR (newest.modified_by IS NULL AND whole.modified_by IS NULL))
            AND (newest.modified_on = whole.modified_on OR (newest.modified_on IS NULL AND whole.modified_on IS NULL))
            AND NVL(newest.extra_fields || '.', '') = NVL(whole.extra_fields || '.', '')
            THEN 'skipped'
        WHEN standing.outdated = 1 THEN 'updated'
        WHEN NVL(standing.modified_on, CAST('0001-01-01' AS TIMESTAMP)) > NVL(newest.modified_on, CAST('0001-01-01' AS TIMESTAMP)) THEN 'stale'
        WHEN NVL(standing.modified_on, CAST('0001-01-01' AS TIMESTAMP)) = NVL(newest.modified_on, CAST('0001-01-01' AS TIMESTAMP))
            AND standing.source_file <> newest.source_file
            AND standing.landed_at > newest.landed_at THEN 'stale'
        ELSE 'updated'
    END AS outcome
FROM newest
LEFT JOIN standing
    ON newest.id = standing.id
LEFT JOIN public.period_attendance AS whole
    ON newest.id = whole.id
    AND newest.student_id = whole.student_id
    AND newest.attendance_date = whole.attendance_date
    AND whole.attendance_date BETWEEN %s AND %s;
-- 2025-12-09
-- 2026-01-05
