CREATE TEMP TABLE staged
DISTKEY (id) AS
SELECT
    hashed.id,
    hashed.school_id,
    hashed.attendance_date,
    hashed.student_id,
    hashed.meeting_time_id,
    hashed.section_id,
    hashed.room_id,
    hashed.room_number,
    hashed.semester_numbers,
    hashed.bell_schedule_day,
    hashed.period_from,
    hashed.period_to,
    hashed.start_time,
    hashed.end_time,
    hashed.cycle,
    hashed.teacher,
    hashed.teachers,
    hashed.marking_periods,
    hashed.semester_pattern,
    hashed.period_name,
    hashed.attendance_reason_id,
    hashed.attendance_reason,
    hashed.modality,
    hashed.attendance_status,
    hashed.excused_status,
    hashed.is_early_dismissal,
    hashed.early_dismissal_attendance_reason_id,
    hashed.minutes_late,
    hashed.minutes_early,
    hashed.minutes_missed,
    hashed.actual_minutes,
    hashed.potential_minutes,
    hashed.tardy_time,
    hashed.dismissed_time,
    hashed.comment,
    hashed.is_locked,
    hashed.verified,
    hashed.created_by,
    hashed.created_on,
    hashed.modified_by,
    hashed.modified_on,
    hashed.extra_fields,
    hashed.source_file,
    hashed.partition_date,
    hashed.hash,
    places.hash AS place_hash,
    places.wins AS place_wins,
    places.marked AS place_marked,
    places.loaded_at AS place_loaded_at
FROM (
    SELECT
        typed.*,
        MD5(NVL('id=' || CAST(typed.id AS VARCHAR(20)) || ';', '')
            || NVL('school_id=' || CAST(typed.school_id AS VARCHAR(20)) || ';', '')
            || NVL('attendance_date=' || TO_CHAR(typed.attendance_date, 'YYYY-MM-DD') || ';', '')
            || NVL('student_id=' || CAST(typed.student_id AS VARCHAR(20)) || ';', '')
            || NVL('meeting_time_id=' || CAST(typed.meeting_time_id AS VARCHAR(20)) || ';', '')
            || NVL('section_id=' || CAST(typed.section_id AS VARCHAR(20)) || ';', '')
            || NVL('room_id=' || CAST(typed.room_id AS VARCHAR(20)) || ';', '')
            || NVL('room_number=' || CAST(OCTET_LENGTH(typed.room_number) AS VARCHAR(5)) || ':' || typed.room_number || ';', '')
            || NVL('semester_numbers=' || MD5(typed.semester_numbers) || ';', '')
            || NVL('bell_schedule_day=' || CAST(OCTET_LENGTH(typed.bell_schedule_day) AS VARCHAR(5)) || ':' || typed.bell_schedule_day || ';', '')
            || NVL('period_from=' || CAST(OCTET_LENGTH(typed.period_from) AS VARCHAR(5)) || ':' || typed.period_from || ';', '')
            || NVL('period_to=' || CAST(OCTET_LENGTH(typed.period_to) AS VARCHAR(5)) || ':' || typed.period_to || ';', '')
            || NVL('start_time=' || CAST(OCTET_LENGTH(typed.start_time) AS VARCHAR(5)) || ':' || typed.start_time || ';', '')
            || NVL('end_time=' || CAST(OCTET_LENGTH(typed.end_time) AS VARCHAR(5)) || ':' || typed.end_time || ';', '')
            || NVL('cycle=' || MD5(typed.cycle) || ';', '')
            || NVL('teacher=' || MD5(typed.teacher) || ';', '')
            || NVL('teachers=' || MD5(typed.teachers) || ';', '')
            || NVL('marking_periods=' || MD5(typed.marking_periods) || ';', '')
            || NVL('semester_pattern=' || CAST(OCTET_LENGTH(typed.semester_pattern) AS VARCHAR(5)) || ':' || typed.semester_pattern || ';', '')
            || NVL('period_name=' || MD5(typed.period_name) || ';', '')
            || NVL('attendance_reason_id=' || CAST(typed.attendance_reason_id AS VARCHAR(20)) || ';', '')
            || NVL('attendance_reason=' || MD5(typed.attendance_reason) || ';', '')
            || NVL('modality=' || CAST(OCTET_LENGTH(typed.modality) AS VARCHAR(5)) || ':' || typed.modality || ';', '')
            || NVL('attendance_status=' || CAST(OCTET_LENGTH(typed.attendance_status) AS VARCHAR(5)) || ':' || typed.attendance_status || ';', '')
            || NVL('excused_status=' || CAST(OCTET_LENGTH(typed.excused_status) AS VARCHAR(5)) || ':' || typed.excused_status || ';', '')
            || NVL('is_early_dismissal=' || CASE WHEN typed.is_early_dismissal THEN 'true' WHEN NOT typed.is_early_dismissal THEN 'false' END || ';', '')
            || NVL('early_dismissal_attendance_reason_id=' || CAST(typed.early_dismissal_attendance_reason_id AS VARCHAR(20)) || ';', '')
            || NVL('minutes_late=' || CAST(typed.minutes_late AS VARCHAR(20)) || ';', '')
            || NVL('minutes_early=' || CAST(typed.minutes_early AS VARCHAR(20)) || ';', '')
            || NVL('minutes_missed=' || CAST(typed.minutes_missed AS VARCHAR(20)) || ';', '')
            || NVL('actual_minutes=' || CAST(typed.actual_minutes AS VARCHAR(20)) || ';', '')
            || NVL('potential_minutes=' || CAST(typed.potential_minutes AS VARCHAR(20)) || ';', '')
            || NVL('tardy_time=' || CAST(OCTET_LENGTH(typed.tardy_time) AS VARCHAR(5)) || ':' || typed.tardy_time || ';', '')
            || NVL('dismissed_time=' || CAST(OCTET_LENGTH(typed.dismissed_time) AS VARCHAR(5)) || ':' || typed.dismissed_time || ';', '')
            || NVL('comment=' || MD5(typed.comment) || ';', '')
            || NVL('is_locked=' || CASE WHEN typed.is_locked THEN 'true' WHEN NOT typed.is_locked THEN 'false' END || ';', '')
            || NVL('verified=' || CASE WHEN typed.verified THEN 'true' WHEN NOT typed.verified THEN 'false' END || ';', '')
            || NVL('created_by=' || CAST(typed.created_by AS VARCHAR(20)) || ';', '')
            || NVL('created_on=' || TO_CHAR(typed.created_on, 'YYYY-MM-DD HH24:MI:SS.US') || ';', '')
            || NVL('modified_by=' || CAST(typed.modified_by AS VARCHAR(20)) || ';', '')
            || NVL('modified_on=' || TO_CHAR(typed.modified_on, 'YYYY-MM-DD HH24:MI:SS.US') || ';', '')
            || NVL('extra_fields=' || MD5(typed.extra_fields) || ';', '')) AS hash
    FROM (
        SELECT
            id,
            school_id,
            TO_DATE(date, 'MM-DD-YYYY', TRUE) AS attendance_date,
            student_id,
            meeting_time_id,
            meeting_time__section_id AS section_id,
            meeting_time__room_id AS room_id,
            meeting_time__room_number AS room_number,
            meeting_time__semester_numbers AS semester_numbers,
            meeting_time__bell_schedule_day AS bell_schedule_day,
            meeting_time__period_from AS period_from,
            meeting_time__period_to AS period_to,
            meeting_time__start_time AS start_time,
            meeting_time__end_time AS end_time,
            meeting_time__cycle AS cycle,
            meeting_time__teacher AS teacher,
            meeting_time__teachers AS teachers,
            meeting_time__marking_periods AS marking_periods,
            meeting_time__semester_pattern AS semester_pattern,
            meeting_time__friendly_name AS period_name,
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
            CAST(created_on AS TIMESTAMP) AS created_on,
            modified_by,
            CAST(modified_on AS TIMESTAMP) AS modified_on,
            extra_fields,
            "$path" AS source_file,
            TO_DATE(LPAD(CAST(10000 * year + 100 * month + day AS VARCHAR(8)), 8, '0'), 'YYYYMMDD', TRUE) AS partition_date
        FROM esd_spectrum.period_attendance
        WHERE ((year = %s AND month = %s AND day IN (%s))
    OR (year = %s AND month = %s AND day IN (%s)))
    AND school_id IN (%s, %s)
    AND ((((year = %s AND month = %s AND day IN (%s))) AND school_id IN (%s))
    OR (((year = %s AND month = %s AND day IN (%s))) AND school_id IN (%s, %s)))
    ) AS typed
) AS hashed
LEFT JOIN public.period_attendance_places AS places
    ON hashed.id = places.id
    AND hashed.partition_date = places.partition_date
    AND hashed.school_id = places.school_id
    AND places.origin = CAST('s3' AS VARCHAR(8))
    AND places.partition_date BETWEEN %s AND %s
WHERE hashed.id IN (SELECT id FROM suspect WHERE reread);
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
