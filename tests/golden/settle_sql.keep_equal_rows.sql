UPDATE settled
SET
    hash_before = settled.hash,
    written = FALSE,
    changed = FALSE,
    loaded_at = former.loaded_at
FROM public.period_attendance AS former
WHERE settled.id = former.id
    AND settled.written
    AND settled.hash_before IS NULL
    AND former.attendance_date BETWEEN %s AND %s
    AND settled.hash = MD5(NVL('id=' || CAST(former.id AS VARCHAR(20)) || ';', '')
            || NVL('school_id=' || CAST(former.school_id AS VARCHAR(20)) || ';', '')
            || NVL('attendance_date=' || TO_CHAR(former.attendance_date, 'YYYY-MM-DD') || ';', '')
            || NVL('student_id=' || CAST(former.student_id AS VARCHAR(20)) || ';', '')
            || NVL('meeting_time_id=' || CAST(former.meeting_time_id AS VARCHAR(20)) || ';', '')
            || NVL('section_id=' || CAST(former.section_id AS VARCHAR(20)) || ';', '')
            || NVL('room_id=' || CAST(former.room_id AS VARCHAR(20)) || ';', '')
            || NVL('room_number=' || CAST(OCTET_LENGTH(former.room_number) AS VARCHAR(5)) || ':' || former.room_number || ';', '')
            || NVL('semester_numbers=' || MD5(former.semester_numbers) || ';', '')
            || NVL('bell_schedule_day=' || CAST(OCTET_LENGTH(former.bell_schedule_day) AS VARCHAR(5)) || ':' || former.bell_schedule_day || ';', '')
            || NVL('period_from=' || CAST(OCTET_LENGTH(former.period_from) AS VARCHAR(5)) || ':' || former.period_from || ';', '')
            || NVL('period_to=' || CAST(OCTET_LENGTH(former.period_to) AS VARCHAR(5)) || ':' || former.period_to || ';', '')
            || NVL('start_time=' || CAST(OCTET_LENGTH(former.start_time) AS VARCHAR(5)) || ':' || former.start_time || ';', '')
            || NVL('end_time=' || CAST(OCTET_LENGTH(former.end_time) AS VARCHAR(5)) || ':' || former.end_time || ';', '')
            || NVL('cycle=' || MD5(former.cycle) || ';', '')
            || NVL('teacher=' || MD5(former.teacher) || ';', '')
            || NVL('teachers=' || MD5(former.teachers) || ';', '')
            || NVL('marking_periods=' || MD5(former.marking_periods) || ';', '')
            || NVL('semester_pattern=' || CAST(OCTET_LENGTH(former.semester_pattern) AS VARCHAR(5)) || ':' || former.semester_pattern || ';', '')
            || NVL('period_name=' || MD5(former.period_name) || ';', '')
            || NVL('attendance_reason_id=' || CAST(former.attendance_reason_id AS VARCHAR(20)) || ';', '')
            || NVL('attendance_reason=' || MD5(former.attendance_reason) || ';', '')
            || NVL('modality=' || CAST(OCTET_LENGTH(former.modality) AS VARCHAR(5)) || ':' || former.modality || ';', '')
            || NVL('attendance_status=' || CAST(OCTET_LENGTH(former.attendance_status) AS VARCHAR(5)) || ':' || former.attendance_status || ';', '')
            || NVL('excused_status=' || CAST(OCTET_LENGTH(former.excused_status) AS VARCHAR(5)) || ':' || former.excused_status || ';', '')
            || NVL('is_early_dismissal=' || CASE WHEN former.is_early_dismissal THEN 'true' WHEN NOT former.is_early_dismissal THEN 'false' END || ';', '')
            || NVL('early_dismissal_attendance_reason_id=' || CAST(former.early_dismissal_attendance_reason_id AS VARCHAR(20)) || ';', '')
            || NVL('minutes_late=' || CAST(former.minutes_late AS VARCHAR(20)) || ';', '')
            || NVL('minutes_early=' || CAST(former.minutes_early AS VARCHAR(20)) || ';', '')
            || NVL('minutes_missed=' || CAST(former.minutes_missed AS VARCHAR(20)) || ';', '')
            || NVL('actual_minutes=' || CAST(former.actual_minutes AS VARCHAR(20)) || ';', '')
            || NVL('potential_minutes=' || CAST(former.potential_minutes AS VARCHAR(20)) || ';', '')
            || NVL('tardy_time=' || CAST(OCTET_LENGTH(former.tardy_time) AS VARCHAR(5)) || ':' || former.tardy_time || ';', '')
            || NVL('dismissed_time=' || CAST(OCTET_LENGTH(former.dismissed_time) AS VARCHAR(5)) || ':' || former.dismissed_time || ';', '')
            || NVL('comment=' || MD5(former.comment) || ';', '')
            || NVL('is_locked=' || CASE WHEN former.is_locked THEN 'true' WHEN NOT former.is_locked THEN 'false' END || ';', '')
            || NVL('verified=' || CASE WHEN former.verified THEN 'true' WHEN NOT former.verified THEN 'false' END || ';', '')
            || NVL('created_by=' || CAST(former.created_by AS VARCHAR(20)) || ';', '')
            || NVL('created_on=' || TO_CHAR(former.created_on, 'YYYY-MM-DD HH24:MI:SS.US') || ';', '')
            || NVL('modified_by=' || CAST(former.modified_by AS VARCHAR(20)) || ';', '')
            || NVL('modified_on=' || TO_CHAR(former.modified_on, 'YYYY-MM-DD HH24:MI:SS.US') || ';', '')
            || NVL('extra_fields=' || MD5(former.extra_fields) || ';', ''));
-- 2025-12-09
-- 2026-01-05
