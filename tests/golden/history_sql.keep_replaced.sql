INSERT INTO public.period_attendance_history (
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
    valid_from,
    valid_to,
    change,
    changed_columns,
    run
)
SELECT
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
    valid_from,
    valid_to,
    change,
    changed_columns,
    CAST(%s AS VARCHAR(64))
FROM (
    SELECT
        former.id,
        former.school_id,
        former.attendance_date,
        former.student_id,
        former.meeting_time_id,
        former.section_id,
        former.room_id,
        former.room_number,
        former.semester_numbers,
        former.bell_schedule_day,
        former.period_from,
        former.period_to,
        former.start_time,
        former.end_time,
        former.cycle,
        former.teacher,
        former.teachers,
        former.marking_periods,
        former.semester_pattern,
        former.period_name,
        former.attendance_reason_id,
        former.attendance_reason,
        former.modality,
        former.attendance_status,
        former.excused_status,
        former.is_early_dismissal,
        former.early_dismissal_attendance_reason_id,
        former.minutes_late,
        former.minutes_early,
        former.minutes_missed,
        former.actual_minutes,
        former.potential_minutes,
        former.tardy_time,
        former.dismissed_time,
        former.comment,
        former.is_locked,
        former.verified,
        former.created_by,
        former.created_on,
        former.modified_by,
        former.modified_on,
        former.extra_fields,
        former.source_file,
        former.loaded_at AS valid_from,
        settled.loaded_at AS valid_to,
        CASE
            WHEN former.attendance_date <> staged.attendance_date THEN CAST('moved' AS VARCHAR(8))
            WHEN former.school_id <> staged.school_id THEN CAST('moved' AS VARCHAR(8))
            ELSE CAST('updated' AS VARCHAR(8))
        END AS change,
        SUBSTRING(CASE WHEN NVL(CAST(former.id AS VARCHAR(20)), '') = NVL(CAST(staged.id AS VARCHAR(20)), '') THEN '' ELSE ', id' END
            || CASE WHEN NVL(CAST(former.school_id AS VARCHAR(20)), '') = NVL(CAST(staged.school_id AS VARCHAR(20)), '') THEN '' ELSE ', school_id' END
            || CASE WHEN NVL(TO_CHAR(former.attendance_date, 'YYYY-MM-DD'), '') = NVL(TO_CHAR(staged.attendance_date, 'YYYY-MM-DD'), '') THEN '' ELSE ', attendance_date' END
            || CASE WHEN NVL(CAST(former.student_id AS VARCHAR(20)), '') = NVL(CAST(staged.student_id AS VARCHAR(20)), '') THEN '' ELSE ', student_id' END
            || CASE WHEN NVL(CAST(former.meeting_time_id AS VARCHAR(20)), '') = NVL(CAST(staged.meeting_time_id AS VARCHAR(20)), '') THEN '' ELSE ', meeting_time_id' END
            || CASE WHEN NVL(CAST(former.section_id AS VARCHAR(20)), '') = NVL(CAST(staged.section_id AS VARCHAR(20)), '') THEN '' ELSE ', section_id' END
            || CASE WHEN NVL(CAST(former.room_id AS VARCHAR(20)), '') = NVL(CAST(staged.room_id AS VARCHAR(20)), '') THEN '' ELSE ', room_id' END
            || CASE WHEN NVL(CAST(OCTET_LENGTH(former.room_number) AS VARCHAR(5)) || ':' || former.room_number, '') = NVL(CAST(OCTET_LENGTH(staged.room_number) AS VARCHAR(5)) || ':' || staged.room_number, '') THEN '' ELSE ', room_number' END
            || CASE WHEN NVL(MD5(former.semester_numbers), '') = NVL(MD5(staged.semester_numbers), '') THEN '' ELSE ', semester_numbers' END
            || CASE WHEN NVL(CAST(OCTET_LENGTH(former.bell_schedule_day) AS VARCHAR(5)) || ':' || former.bell_schedule_day, '') = NVL(CAST(OCTET_LENGTH(staged.bell_schedule_day) AS VARCHAR(5)) || ':' || staged.bell_schedule_day, '') THEN '' ELSE ', bell_schedule_day' END
            || CASE WHEN NVL(CAST(OCTET_LENGTH(former.period_from) AS VARCHAR(5)) || ':' || former.period_from, '') = NVL(CAST(OCTET_LENGTH(staged.period_from) AS VARCHAR(5)) || ':' || staged.period_from, '') THEN '' ELSE ', period_from' END
            || CASE WHEN NVL(CAST(OCTET_LENGTH(former.period_to) AS VARCHAR(5)) || ':' || former.period_to, '') = NVL(CAST(OCTET_LENGTH(staged.period_to) AS VARCHAR(5)) || ':' || staged.period_to, '') THEN '' ELSE ', period_to' END
            || CASE WHEN NVL(CAST(OCTET_LENGTH(former.start_time) AS VARCHAR(5)) || ':' || former.start_time, '') = NVL(CAST(OCTET_LENGTH(staged.start_time) AS VARCHAR(5)) || ':' || staged.start_time, '') THEN '' ELSE ', start_time' END
            || CASE WHEN NVL(CAST(OCTET_LENGTH(former.end_time) AS VARCHAR(5)) || ':' || former.end_time, '') = NVL(CAST(OCTET_LENGTH(staged.end_time) AS VARCHAR(5)) || ':' || staged.end_time, '') THEN '' ELSE ', end_time' END
            || CASE WHEN NVL(MD5(former.cycle), '') = NVL(MD5(staged.cycle), '') THEN '' ELSE ', cycle' END
            || CASE WHEN NVL(MD5(former.teacher), '') = NVL(MD5(staged.teacher), '') THEN '' ELSE ', teacher' END
            || CASE WHEN NVL(MD5(former.teachers), '') = NVL(MD5(staged.teachers), '') THEN '' ELSE ', teachers' END
            || CASE WHEN NVL(MD5(former.marking_periods), '') = NVL(MD5(staged.marking_periods), '') THEN '' ELSE ', marking_periods' END
            || CASE WHEN NVL(CAST(OCTET_LENGTH(former.semester_pattern) AS VARCHAR(5)) || ':' || former.semester_pattern, '') = NVL(CAST(OCTET_LENGTH(staged.semester_pattern) AS VARCHAR(5)) || ':' || staged.semester_pattern, '') THEN '' ELSE ', semester_pattern' END
            || CASE WHEN NVL(MD5(former.period_name), '') = NVL(MD5(staged.period_name), '') THEN '' ELSE ', period_name' END
            || CASE WHEN NVL(CAST(former.attendance_reason_id AS VARCHAR(20)), '') = NVL(CAST(staged.attendance_reason_id AS VARCHAR(20)), '') THEN '' ELSE ', attendance_reason_id' END
            || CASE WHEN NVL(MD5(former.attendance_reason), '') = NVL(MD5(staged.attendance_reason), '') THEN '' ELSE ', attendance_reason' END
            || CASE WHEN NVL(CAST(OCTET_LENGTH(former.modality) AS VARCHAR(5)) || ':' || former.modality, '') = NVL(CAST(OCTET_LENGTH(staged.modality) AS VARCHAR(5)) || ':' || staged.modality, '') THEN '' ELSE ', modality' END
            || CASE WHEN NVL(CAST(OCTET_LENGTH(former.attendance_status) AS VARCHAR(5)) || ':' || former.attendance_status, '') = NVL(CAST(OCTET_LENGTH(staged.attendance_status) AS VARCHAR(5)) || ':' || staged.attendance_status, '') THEN '' ELSE ', attendance_status' END
            || CASE WHEN NVL(CAST(OCTET_LENGTH(former.excused_status) AS VARCHAR(5)) || ':' || former.excused_status, '') = NVL(CAST(OCTET_LENGTH(staged.excused_status) AS VARCHAR(5)) || ':' || staged.excused_status, '') THEN '' ELSE ', excused_status' END
            || CASE WHEN NVL(CASE WHEN former.is_early_dismissal THEN 'true' WHEN NOT former.is_early_dismissal THEN 'false' END, '') = NVL(CASE WHEN staged.is_early_dismissal THEN 'true' WHEN NOT staged.is_early_dismissal THEN 'false' END, '') THEN '' ELSE ', is_early_dismissal' END
            || CASE WHEN NVL(CAST(former.early_dismissal_attendance_reason_id AS VARCHAR(20)), '') = NVL(CAST(staged.early_dismissal_attendance_reason_id AS VARCHAR(20)), '') THEN '' ELSE ', early_dismissal_attendance_reason_id' END
            || CASE WHEN NVL(CAST(former.minutes_late AS VARCHAR(20)), '') = NVL(CAST(staged.minutes_late AS VARCHAR(20)), '') THEN '' ELSE ', minutes_late' END
            || CASE WHEN NVL(CAST(former.minutes_early AS VARCHAR(20)), '') = NVL(CAST(staged.minutes_early AS VARCHAR(20)), '') THEN '' ELSE ', minutes_early' END
            || CASE WHEN NVL(CAST(former.minutes_missed AS VARCHAR(20)), '') = NVL(CAST(staged.minutes_missed AS VARCHAR(20)), '') THEN '' ELSE ', minutes_missed' END
            || CASE WHEN NVL(CAST(former.actual_minutes AS VARCHAR(20)), '') = NVL(CAST(staged.actual_minutes AS VARCHAR(20)), '') THEN '' ELSE ', actual_minutes' END
            || CASE WHEN NVL(CAST(former.potential_minutes AS VARCHAR(20)), '') = NVL(CAST(staged.potential_minutes AS VARCHAR(20)), '') THEN '' ELSE ', potential_minutes' END
            || CASE WHEN NVL(CAST(OCTET_LENGTH(former.tardy_time) AS VARCHAR(5)) || ':' || former.tardy_time, '') = NVL(CAST(OCTET_LENGTH(staged.tardy_time) AS VARCHAR(5)) || ':' || staged.tardy_time, '') THEN '' ELSE ', tardy_time' END
            || CASE WHEN NVL(CAST(OCTET_LENGTH(former.dismissed_time) AS VARCHAR(5)) || ':' || former.dismissed_time, '') = NVL(CAST(OCTET_LENGTH(staged.dismissed_time) AS VARCHAR(5)) || ':' || staged.dismissed_time, '') THEN '' ELSE ', dismissed_time' END
            || CASE WHEN NVL(MD5(former.comment), '') = NVL(MD5(staged.comment), '') THEN '' ELSE ', comment' END
            || CASE WHEN NVL(CASE WHEN former.is_locked THEN 'true' WHEN NOT former.is_locked THEN 'false' END, '') = NVL(CASE WHEN staged.is_locked THEN 'true' WHEN NOT staged.is_locked THEN 'false' END, '') THEN '' ELSE ', is_locked' END
            || CASE WHEN NVL(CASE WHEN former.verified THEN 'true' WHEN NOT former.verified THEN 'false' END, '') = NVL(CASE WHEN staged.verified THEN 'true' WHEN NOT staged.verified THEN 'false' END, '') THEN '' ELSE ', verified' END
            || CASE WHEN NVL(CAST(former.created_by AS VARCHAR(20)), '') = NVL(CAST(staged.created_by AS VARCHAR(20)), '') THEN '' ELSE ', created_by' END
            || CASE WHEN NVL(TO_CHAR(former.created_on, 'YYYY-MM-DD HH24:MI:SS.US'), '') = NVL(TO_CHAR(staged.created_on, 'YYYY-MM-DD HH24:MI:SS.US'), '') THEN '' ELSE ', created_on' END
            || CASE WHEN NVL(CAST(former.modified_by AS VARCHAR(20)), '') = NVL(CAST(staged.modified_by AS VARCHAR(20)), '') THEN '' ELSE ', modified_by' END
            || CASE WHEN NVL(TO_CHAR(former.modified_on, 'YYYY-MM-DD HH24:MI:SS.US'), '') = NVL(TO_CHAR(staged.modified_on, 'YYYY-MM-DD HH24:MI:SS.US'), '') THEN '' ELSE ', modified_on' END
            || CASE WHEN NVL(MD5(former.extra_fields), '') = NVL(MD5(staged.extra_fields), '') THEN '' ELSE ', extra_fields' END, 3) AS changed_columns,
        ROW_NUMBER() OVER (
            PARTITION BY former.id
            ORDER BY CASE WHEN SUBSTRING(MD5(NVL('id=' || CAST(former.id AS VARCHAR(20)) || ';', '')
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
            || NVL('extra_fields=' || MD5(former.extra_fields) || ';', '')), 2) = SUBSTRING(settled.hash_before, 2) THEN 0 ELSE 1 END
        ) AS copy
    FROM public.period_attendance AS former
    INNER JOIN settled
        ON former.id = settled.id
    INNER JOIN staged
        ON settled.id = staged.id
        AND settled.partition_date = staged.partition_date
        AND settled.school_id = staged.school_id
        AND settled.hash = staged.hash
    WHERE settled.changed
        AND former.attendance_date BETWEEN %s AND %s
) AS version
WHERE copy = 1
    AND changed_columns <> '';
-- RUN
-- 2025-12-09
-- 2026-01-05
