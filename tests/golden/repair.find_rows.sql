CREATE TEMP TABLE table_row
DISTKEY (id) AS
SELECT
    found.id,
    found.attendance_date,
    found.school_id,
    MD5(NVL('id=' || CAST(found.id AS VARCHAR(20)) || ';', '')
            || NVL('school_id=' || CAST(found.school_id AS VARCHAR(20)) || ';', '')
            || NVL('attendance_date=' || TO_CHAR(found.attendance_date, 'YYYY-MM-DD') || ';', '')
            || NVL('student_id=' || CAST(found.student_id AS VARCHAR(20)) || ';', '')
            || NVL('meeting_time_id=' || CAST(found.meeting_time_id AS VARCHAR(20)) || ';', '')
            || NVL('section_id=' || CAST(found.section_id AS VARCHAR(20)) || ';', '')
            || NVL('room_id=' || CAST(found.room_id AS VARCHAR(20)) || ';', '')
            || NVL('room_number=' || CAST(OCTET_LENGTH(found.room_number) AS VARCHAR(5)) || ':' || found.room_number || ';', '')
            || NVL('semester_numbers=' || MD5(found.semester_numbers) || ';', '')
            || NVL('bell_schedule_day=' || CAST(OCTET_LENGTH(found.bell_schedule_day) AS VARCHAR(5)) || ':' || found.bell_schedule_day || ';', '')
            || NVL('period_from=' || CAST(OCTET_LENGTH(found.period_from) AS VARCHAR(5)) || ':' || found.period_from || ';', '')
            || NVL('period_to=' || CAST(OCTET_LENGTH(found.period_to) AS VARCHAR(5)) || ':' || found.period_to || ';', '')
            || NVL('start_time=' || CAST(OCTET_LENGTH(found.start_time) AS VARCHAR(5)) || ':' || found.start_time || ';', '')
            || NVL('end_time=' || CAST(OCTET_LENGTH(found.end_time) AS VARCHAR(5)) || ':' || found.end_time || ';', '')
            || NVL('cycle=' || MD5(found.cycle) || ';', '')
            || NVL('teacher=' || MD5(found.teacher) || ';', '')
            || NVL('teachers=' || MD5(found.teachers) || ';', '')
            || NVL('marking_periods=' || MD5(found.marking_periods) || ';', '')
            || NVL('semester_pattern=' || CAST(OCTET_LENGTH(found.semester_pattern) AS VARCHAR(5)) || ':' || found.semester_pattern || ';', '')
            || NVL('period_name=' || MD5(found.period_name) || ';', '')
            || NVL('attendance_reason_id=' || CAST(found.attendance_reason_id AS VARCHAR(20)) || ';', '')
            || NVL('attendance_reason=' || MD5(found.attendance_reason) || ';', '')
            || NVL('modality=' || CAST(OCTET_LENGTH(found.modality) AS VARCHAR(5)) || ':' || found.modality || ';', '')
            || NVL('attendance_status=' || CAST(OCTET_LENGTH(found.attendance_status) AS VARCHAR(5)) || ':' || found.attendance_status || ';', '')
            || NVL('excused_status=' || CAST(OCTET_LENGTH(found.excused_status) AS VARCHAR(5)) || ':' || found.excused_status || ';', '')
            || NVL('is_early_dismissal=' || CASE WHEN found.is_early_dismissal THEN 'true' WHEN NOT found.is_early_dismissal THEN 'false' END || ';', '')
            || NVL('early_dismissal_attendance_reason_id=' || CAST(found.early_dismissal_attendance_reason_id AS VARCHAR(20)) || ';', '')
            || NVL('minutes_late=' || CAST(found.minutes_late AS VARCHAR(20)) || ';', '')
            || NVL('minutes_early=' || CAST(found.minutes_early AS VARCHAR(20)) || ';', '')
            || NVL('minutes_missed=' || CAST(found.minutes_missed AS VARCHAR(20)) || ';', '')
            || NVL('actual_minutes=' || CAST(found.actual_minutes AS VARCHAR(20)) || ';', '')
            || NVL('potential_minutes=' || CAST(found.potential_minutes AS VARCHAR(20)) || ';', '')
            || NVL('tardy_time=' || CAST(OCTET_LENGTH(found.tardy_time) AS VARCHAR(5)) || ':' || found.tardy_time || ';', '')
            || NVL('dismissed_time=' || CAST(OCTET_LENGTH(found.dismissed_time) AS VARCHAR(5)) || ':' || found.dismissed_time || ';', '')
            || NVL('comment=' || MD5(found.comment) || ';', '')
            || NVL('is_locked=' || CASE WHEN found.is_locked THEN 'true' WHEN NOT found.is_locked THEN 'false' END || ';', '')
            || NVL('verified=' || CASE WHEN found.verified THEN 'true' WHEN NOT found.verified THEN 'false' END || ';', '')
            || NVL('created_by=' || CAST(found.created_by AS VARCHAR(20)) || ';', '')
            || NVL('created_on=' || TO_CHAR(found.created_on, 'YYYY-MM-DD HH24:MI:SS.US') || ';', '')
            || NVL('modified_by=' || CAST(found.modified_by AS VARCHAR(20)) || ';', '')
            || NVL('modified_on=' || TO_CHAR(found.modified_on, 'YYYY-MM-DD HH24:MI:SS.US') || ';', '')
            || NVL('extra_fields=' || MD5(found.extra_fields) || ';', '')) AS hash
FROM public.period_attendance AS found
WHERE found.attendance_date IN (%s, %s, %s);
-- 2026-01-05
-- 2025-12-09
-- 2025-12-10
