SELECT
    judged.id,
    judged.school_id,
    judged.attendance_date,
    judged.student_id,
    judged.meeting_time_id,
    judged.section_id,
    judged.room_id,
    judged.room_number,
    judged.semester_numbers,
    judged.bell_schedule_day,
    judged.period_from,
    judged.period_to,
    judged.start_time,
    judged.end_time,
    judged.cycle,
    judged.teacher,
    judged.teachers,
    judged.marking_periods,
    judged.semester_pattern,
    judged.period_name,
    judged.attendance_reason_id,
    judged.attendance_reason,
    judged.modality,
    judged.attendance_status,
    judged.excused_status,
    judged.is_early_dismissal,
    judged.early_dismissal_attendance_reason_id,
    judged.minutes_late,
    judged.minutes_early,
    judged.minutes_missed,
    judged.actual_minutes,
    judged.potential_minutes,
    judged.tardy_time,
    judged.dismissed_time,
    judged.comment,
    judged.is_locked,
    judged.verified,
    judged.created_by,
    judged.created_on,
    judged.modified_by,
    judged.modified_on,
    judged.extra_fields,
    CAST(%s AS VARCHAR(1024)) AS source_file,
    judged.attendance_date AS partition_date,
    judged.hash,
    CASE
        WHEN judged.fault IS NOT NULL THEN judged.fault
        WHEN judged.copy > 1 THEN CAST('the list has its id in another row as well' AS VARCHAR(128))
    END AS fault,
    CASE WHEN landed.id IS NULL AND departed.id IS NULL THEN FALSE ELSE TRUE END AS known,
    places.hash AS place_hash,
    places.wins AS place_wins,
    places.marked AS place_marked,
    places.loaded_at AS place_loaded_at
FROM (
SELECT
    hashed.*,
    ROW_NUMBER() OVER (
        PARTITION BY hashed.id, hashed.attendance_date, hashed.school_id,
            CASE WHEN hashed.fault IS NULL THEN 0 ELSE 1 END
        ORDER BY NVL(hashed.modified_on, CAST('0001-01-01' AS TIMESTAMP)) DESC, hashed.hash
    ) AS copy
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
            || NVL('extra_fields=' || MD5(typed.extra_fields) || ';', '')) AS hash,
    CASE
        WHEN typed.given_id IS NULL THEN CAST('it has no id' AS VARCHAR(128))
        WHEN typed.given_school_id IS NULL THEN CAST('it has no school_id' AS VARCHAR(128))
        WHEN typed.given_attendance_date IS NULL THEN CAST('it has no date' AS VARCHAR(128))
        WHEN typed.given_student_id IS NULL THEN CAST('it has no studentId' AS VARCHAR(128))
        WHEN typed.meeting_text IS NOT NULL AND NOT (IS_VALID_JSON(typed.meeting_text) AND LEFT(LTRIM(typed.meeting_text), 1) = '{') THEN CAST('meetingTime is no JSON object' AS VARCHAR(128))
        WHEN typed.given_id IS NOT NULL AND typed.id IS NULL THEN CAST('id is no whole number' AS VARCHAR(128))
        WHEN typed.given_school_id IS NOT NULL AND typed.school_id IS NULL THEN CAST('school_id is no whole number' AS VARCHAR(128))
        WHEN typed.given_attendance_date IS NOT NULL AND typed.attendance_date IS NULL THEN CAST('date is no date' AS VARCHAR(128))
        WHEN typed.given_student_id IS NOT NULL AND typed.student_id IS NULL THEN CAST('studentId is no whole number' AS VARCHAR(128))
        WHEN typed.given_meeting_time_id IS NOT NULL AND typed.meeting_time_id IS NULL THEN CAST('meetingTimeId is no whole number' AS VARCHAR(128))
        WHEN typed.given_section_id IS NOT NULL AND typed.section_id IS NULL THEN CAST('meetingTime.sectionId is no whole number' AS VARCHAR(128))
        WHEN typed.given_room_id IS NOT NULL AND typed.room_id IS NULL THEN CAST('meetingTime.roomId is no whole number' AS VARCHAR(128))
        WHEN typed.given_room_number IS NOT NULL AND typed.room_number IS NULL THEN CAST('meetingTime.roomNumber is longer than 256 bytes' AS VARCHAR(128))
        WHEN typed.given_semester_numbers IS NOT NULL AND typed.semester_numbers IS NULL THEN CAST('meetingTime.semesterNumbers is longer than 1024 bytes' AS VARCHAR(128))
        WHEN typed.given_bell_schedule_day IS NOT NULL AND typed.bell_schedule_day IS NULL THEN CAST('meetingTime.bellScheduleDay is longer than 256 bytes' AS VARCHAR(128))
        WHEN typed.given_period_from IS NOT NULL AND typed.period_from IS NULL THEN CAST('meetingTime.periodFrom is longer than 256 bytes' AS VARCHAR(128))
        WHEN typed.given_period_to IS NOT NULL AND typed.period_to IS NULL THEN CAST('meetingTime.periodTo is longer than 256 bytes' AS VARCHAR(128))
        WHEN typed.given_start_time IS NOT NULL AND typed.start_time IS NULL THEN CAST('meetingTime.startTime is longer than 64 bytes' AS VARCHAR(128))
        WHEN typed.given_end_time IS NOT NULL AND typed.end_time IS NULL THEN CAST('meetingTime.endTime is longer than 64 bytes' AS VARCHAR(128))
        WHEN typed.given_cycle IS NOT NULL AND typed.cycle IS NULL THEN CAST('meetingTime.cycle is longer than 1024 bytes' AS VARCHAR(128))
        WHEN typed.given_teacher IS NOT NULL AND typed.teacher IS NULL THEN CAST('meetingTime.teacher is longer than 1024 bytes' AS VARCHAR(128))
        WHEN typed.given_teachers IS NOT NULL AND typed.teachers IS NULL THEN CAST('meetingTime.teachers is longer than 16384 bytes' AS VARCHAR(128))
        WHEN typed.given_marking_periods IS NOT NULL AND typed.marking_periods IS NULL THEN CAST('meetingTime.markingPeriods is longer than 4096 bytes' AS VARCHAR(128))
        WHEN typed.given_semester_pattern IS NOT NULL AND typed.semester_pattern IS NULL THEN CAST('meetingTime.semesterPattern is longer than 256 bytes' AS VARCHAR(128))
        WHEN typed.given_period_name IS NOT NULL AND typed.period_name IS NULL THEN CAST('meetingTime.friendlyName is longer than 1024 bytes' AS VARCHAR(128))
        WHEN typed.given_attendance_reason_id IS NOT NULL AND typed.attendance_reason_id IS NULL THEN CAST('attendanceReasonId is no whole number' AS VARCHAR(128))
        WHEN typed.given_attendance_reason IS NOT NULL AND typed.attendance_reason IS NULL THEN CAST('attendanceReason is longer than 1024 bytes' AS VARCHAR(128))
        WHEN typed.given_modality IS NOT NULL AND typed.modality IS NULL THEN CAST('modality is longer than 256 bytes' AS VARCHAR(128))
        WHEN typed.given_attendance_status IS NOT NULL AND typed.attendance_status IS NULL THEN CAST('attendanceStatus is longer than 256 bytes' AS VARCHAR(128))
        WHEN typed.given_excused_status IS NOT NULL AND typed.excused_status IS NULL THEN CAST('excusedStatus is longer than 256 bytes' AS VARCHAR(128))
        WHEN typed.given_is_early_dismissal IS NOT NULL AND typed.is_early_dismissal IS NULL THEN CAST('isEarlyDismissal is neither true nor false' AS VARCHAR(128))
        WHEN typed.given_early_dismissal_attendance_reason_id IS NOT NULL AND typed.early_dismissal_attendance_reason_id IS NULL THEN CAST('earlyDismissalAttendanceReasonId is no whole number' AS VARCHAR(128))
        WHEN typed.given_minutes_late IS NOT NULL AND typed.minutes_late IS NULL THEN CAST('minutesLate is no whole number' AS VARCHAR(128))
        WHEN typed.given_minutes_early IS NOT NULL AND typed.minutes_early IS NULL THEN CAST('minutesEarly is no whole number' AS VARCHAR(128))
        WHEN typed.given_minutes_missed IS NOT NULL AND typed.minutes_missed IS NULL THEN CAST('minutesMissed is no whole number' AS VARCHAR(128))
        WHEN typed.given_actual_minutes IS NOT NULL AND typed.actual_minutes IS NULL THEN CAST('actualMinutes is no whole number' AS VARCHAR(128))
        WHEN typed.given_potential_minutes IS NOT NULL AND typed.potential_minutes IS NULL THEN CAST('potentialMinutes is no whole number' AS VARCHAR(128))
        WHEN typed.given_tardy_time IS NOT NULL AND typed.tardy_time IS NULL THEN CAST('tardyTime is longer than 64 bytes' AS VARCHAR(128))
        WHEN typed.given_dismissed_time IS NOT NULL AND typed.dismissed_time IS NULL THEN CAST('dismissedTime is longer than 64 bytes' AS VARCHAR(128))
        WHEN typed.given_comment IS NOT NULL AND typed.comment IS NULL THEN CAST('comment is longer than 16384 bytes' AS VARCHAR(128))
        WHEN typed.given_is_locked IS NOT NULL AND typed.is_locked IS NULL THEN CAST('isLocked is neither true nor false' AS VARCHAR(128))
        WHEN typed.given_verified IS NOT NULL AND typed.verified IS NULL THEN CAST('verified is neither true nor false' AS VARCHAR(128))
        WHEN typed.given_created_by IS NOT NULL AND typed.created_by IS NULL THEN CAST('createdBy is no whole number' AS VARCHAR(128))
        WHEN typed.given_created_on IS NOT NULL AND typed.created_on IS NULL THEN CAST('createdOn is no time with an offset' AS VARCHAR(128))
        WHEN typed.given_modified_by IS NOT NULL AND typed.modified_by IS NULL THEN CAST('modifiedBy is no whole number' AS VARCHAR(128))
        WHEN typed.given_modified_on IS NOT NULL AND typed.modified_on IS NULL THEN CAST('modifiedOn is no time with an offset' AS VARCHAR(128))
        WHEN typed.given_extra_fields IS NOT NULL AND typed.extra_fields IS NULL THEN CAST('extra_fields is longer than 32768 bytes' AS VARCHAR(128))
    END AS fault
FROM (
SELECT
    CAST(given.id AS BIGINT) AS id,
    CAST(given.school_id AS BIGINT) AS school_id,
    given.attendance_date AS attendance_date,
    CAST(given.student_id AS BIGINT) AS student_id,
    CAST(given.meeting_time_id AS BIGINT) AS meeting_time_id,
    TRY_CAST(given.section_id AS BIGINT) AS section_id,
    TRY_CAST(given.room_id AS BIGINT) AS room_id,
    CASE WHEN OCTET_LENGTH(given.room_number) <= 256 THEN CAST(given.room_number AS VARCHAR(256)) END AS room_number,
    CASE WHEN OCTET_LENGTH(given.semester_numbers) <= 1024 THEN CAST(given.semester_numbers AS VARCHAR(1024)) END AS semester_numbers,
    CASE WHEN OCTET_LENGTH(given.bell_schedule_day) <= 256 THEN CAST(given.bell_schedule_day AS VARCHAR(256)) END AS bell_schedule_day,
    CASE WHEN OCTET_LENGTH(given.period_from) <= 256 THEN CAST(given.period_from AS VARCHAR(256)) END AS period_from,
    CASE WHEN OCTET_LENGTH(given.period_to) <= 256 THEN CAST(given.period_to AS VARCHAR(256)) END AS period_to,
    CASE WHEN OCTET_LENGTH(given.start_time) <= 64 THEN CAST(given.start_time AS VARCHAR(64)) END AS start_time,
    CASE WHEN OCTET_LENGTH(given.end_time) <= 64 THEN CAST(given.end_time AS VARCHAR(64)) END AS end_time,
    CASE WHEN OCTET_LENGTH(given.cycle) <= 1024 THEN CAST(given.cycle AS VARCHAR(1024)) END AS cycle,
    CASE WHEN OCTET_LENGTH(given.teacher) <= 1024 THEN CAST(given.teacher AS VARCHAR(1024)) END AS teacher,
    CASE WHEN OCTET_LENGTH(given.teachers) <= 16384 THEN CAST(given.teachers AS VARCHAR(16384)) END AS teachers,
    CASE WHEN OCTET_LENGTH(given.marking_periods) <= 4096 THEN CAST(given.marking_periods AS VARCHAR(4096)) END AS marking_periods,
    CASE WHEN OCTET_LENGTH(given.semester_pattern) <= 256 THEN CAST(given.semester_pattern AS VARCHAR(256)) END AS semester_pattern,
    CASE WHEN OCTET_LENGTH(given.period_name) <= 1024 THEN CAST(given.period_name AS VARCHAR(1024)) END AS period_name,
    CAST(given.attendance_reason_id AS BIGINT) AS attendance_reason_id,
    CASE WHEN OCTET_LENGTH(given.attendance_reason) <= 1024 THEN CAST(given.attendance_reason AS VARCHAR(1024)) END AS attendance_reason,
    CASE WHEN OCTET_LENGTH(given.modality) <= 256 THEN CAST(given.modality AS VARCHAR(256)) END AS modality,
    CASE WHEN OCTET_LENGTH(given.attendance_status) <= 256 THEN CAST(given.attendance_status AS VARCHAR(256)) END AS attendance_status,
    CASE WHEN OCTET_LENGTH(given.excused_status) <= 256 THEN CAST(given.excused_status AS VARCHAR(256)) END AS excused_status,
    given.is_early_dismissal AS is_early_dismissal,
    CAST(given.early_dismissal_attendance_reason_id AS BIGINT) AS early_dismissal_attendance_reason_id,
    CAST(given.minutes_late AS BIGINT) AS minutes_late,
    CAST(given.minutes_early AS BIGINT) AS minutes_early,
    CAST(given.minutes_missed AS BIGINT) AS minutes_missed,
    CAST(given.actual_minutes AS BIGINT) AS actual_minutes,
    CAST(given.potential_minutes AS BIGINT) AS potential_minutes,
    CASE WHEN OCTET_LENGTH(given.tardy_time) <= 64 THEN CAST(given.tardy_time AS VARCHAR(64)) END AS tardy_time,
    CASE WHEN OCTET_LENGTH(given.dismissed_time) <= 64 THEN CAST(given.dismissed_time AS VARCHAR(64)) END AS dismissed_time,
    CASE WHEN OCTET_LENGTH(given.comment) <= 16384 THEN CAST(given.comment AS VARCHAR(16384)) END AS comment,
    given.is_locked AS is_locked,
    given.verified AS verified,
    CAST(given.created_by AS BIGINT) AS created_by,
    given.created_on AS created_on,
    CAST(given.modified_by AS BIGINT) AS modified_by,
    given.modified_on AS modified_on,
    given.extra_fields AS extra_fields,
    given.id AS given_id,
    given.school_id AS given_school_id,
    given.attendance_date AS given_attendance_date,
    given.student_id AS given_student_id,
    given.meeting_time_id AS given_meeting_time_id,
    given.section_id AS given_section_id,
    given.room_id AS given_room_id,
    given.room_number AS given_room_number,
    given.semester_numbers AS given_semester_numbers,
    given.bell_schedule_day AS given_bell_schedule_day,
    given.period_from AS given_period_from,
    given.period_to AS given_period_to,
    given.start_time AS given_start_time,
    given.end_time AS given_end_time,
    given.cycle AS given_cycle,
    given.teacher AS given_teacher,
    given.teachers AS given_teachers,
    given.marking_periods AS given_marking_periods,
    given.semester_pattern AS given_semester_pattern,
    given.period_name AS given_period_name,
    given.attendance_reason_id AS given_attendance_reason_id,
    given.attendance_reason AS given_attendance_reason,
    given.modality AS given_modality,
    given.attendance_status AS given_attendance_status,
    given.excused_status AS given_excused_status,
    given.is_early_dismissal AS given_is_early_dismissal,
    given.early_dismissal_attendance_reason_id AS given_early_dismissal_attendance_reason_id,
    given.minutes_late AS given_minutes_late,
    given.minutes_early AS given_minutes_early,
    given.minutes_missed AS given_minutes_missed,
    given.actual_minutes AS given_actual_minutes,
    given.potential_minutes AS given_potential_minutes,
    given.tardy_time AS given_tardy_time,
    given.dismissed_time AS given_dismissed_time,
    given.comment AS given_comment,
    given.is_locked AS given_is_locked,
    given.verified AS given_verified,
    given.created_by AS given_created_by,
    given.created_on AS given_created_on,
    given.modified_by AS given_modified_by,
    given.modified_on AS given_modified_on,
    given.extra_fields AS given_extra_fields,
    given.meeting_text
FROM (
SELECT
    former.id AS id,
    former.schoolid AS school_id,
    former.date AS attendance_date,
    former.studentid AS student_id,
    former.meetingtimeid AS meeting_time_id,
    NULLIF(NULLIF(JSON_EXTRACT_PATH_TEXT(former.meeting_text, 'sectionId', TRUE), ''), 'null') AS section_id,
    NULLIF(NULLIF(JSON_EXTRACT_PATH_TEXT(former.meeting_text, 'roomId', TRUE), ''), 'null') AS room_id,
    NULLIF(NULLIF(JSON_EXTRACT_PATH_TEXT(former.meeting_text, 'roomNumber', TRUE), ''), 'null') AS room_number,
    NULLIF(NULLIF(JSON_EXTRACT_PATH_TEXT(former.meeting_text, 'semesterNumbers', TRUE), ''), 'null') AS semester_numbers,
    NULLIF(NULLIF(JSON_EXTRACT_PATH_TEXT(former.meeting_text, 'bellScheduleDay', TRUE), ''), 'null') AS bell_schedule_day,
    NULLIF(NULLIF(JSON_EXTRACT_PATH_TEXT(former.meeting_text, 'periodFrom', TRUE), ''), 'null') AS period_from,
    NULLIF(NULLIF(JSON_EXTRACT_PATH_TEXT(former.meeting_text, 'periodTo', TRUE), ''), 'null') AS period_to,
    NULLIF(NULLIF(JSON_EXTRACT_PATH_TEXT(former.meeting_text, 'startTime', TRUE), ''), 'null') AS start_time,
    NULLIF(NULLIF(JSON_EXTRACT_PATH_TEXT(former.meeting_text, 'endTime', TRUE), ''), 'null') AS end_time,
    NULLIF(NULLIF(JSON_EXTRACT_PATH_TEXT(former.meeting_text, 'cycle', TRUE), ''), 'null') AS cycle,
    NULLIF(NULLIF(JSON_EXTRACT_PATH_TEXT(former.meeting_text, 'teacher', TRUE), ''), 'null') AS teacher,
    NULLIF(NULLIF(JSON_EXTRACT_PATH_TEXT(former.meeting_text, 'teachers', TRUE), ''), 'null') AS teachers,
    NULLIF(NULLIF(JSON_EXTRACT_PATH_TEXT(former.meeting_text, 'markingPeriods', TRUE), ''), 'null') AS marking_periods,
    NULLIF(NULLIF(JSON_EXTRACT_PATH_TEXT(former.meeting_text, 'semesterPattern', TRUE), ''), 'null') AS semester_pattern,
    NULLIF(NULLIF(JSON_EXTRACT_PATH_TEXT(former.meeting_text, 'friendlyName', TRUE), ''), 'null') AS period_name,
    former.attendancereasonid AS attendance_reason_id,
    former.attendancereason AS attendance_reason,
    former.modality AS modality,
    former.attendancestatus AS attendance_status,
    former.excusedstatus AS excused_status,
    former.isearlydismissal AS is_early_dismissal,
    former.earlydismissalattendancereasonid AS early_dismissal_attendance_reason_id,
    former.minuteslate AS minutes_late,
    former.minutesearly AS minutes_early,
    former.minutesmissed AS minutes_missed,
    former.actualminutes AS actual_minutes,
    former.potentialminutes AS potential_minutes,
    former.tardytime AS tardy_time,
    former.dismissedtime AS dismissed_time,
    former.comment AS comment,
    former.islocked AS is_locked,
    former.verified AS verified,
    former.createdby AS created_by,
    former.createdon AS created_on,
    former.modifiedby AS modified_by,
    former.modifiedon AS modified_on,
    CAST(NULL AS VARCHAR(32768)) AS extra_fields,
    former.meeting_text
FROM (
SELECT
    former.*,
    NULLIF(NULLIF(NULLIF(NULLIF(JSON_SERIALIZE(former.meetingtime), ''), 'null'), '[]'), '""') AS meeting_text
FROM "public"."old_attendance" AS former
WHERE former.date BETWEEN %s AND %s
    AND former.date IN (%s, %s, %s)
) AS former
) AS given
) AS typed
) AS hashed
) AS judged
LEFT JOIN public.period_attendance_places AS places
    ON judged.id = places.id
    AND judged.attendance_date = places.partition_date
    AND judged.school_id = places.school_id
    AND places.origin = CAST('backfill' AS VARCHAR(8))
    AND places.partition_date BETWEEN %s AND %s
LEFT JOIN (
    SELECT id
    FROM public.period_attendance_places
    WHERE origin = CAST('s3' AS VARCHAR(8))
    GROUP BY id
) AS landed
    ON judged.id = landed.id
LEFT JOIN (
    SELECT history.id
    FROM public.period_attendance_history AS history
    LEFT JOIN public.period_attendance_places AS placed
        ON history.id = placed.id
    WHERE placed.id IS NULL
    GROUP BY history.id
) AS departed
    ON judged.id = departed.id;
-- public.old_attendance
-- 2025-12-09
-- 2026-01-05
-- 2025-12-09
-- 2025-12-10
-- 2026-01-05
-- 2025-12-09
-- 2026-01-05
