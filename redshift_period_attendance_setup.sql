-- Sets up what redshift_loader.py needs: the external schema and table over the landing zone, the native
-- table, the loader's own tables, and the views. Run it with psql; running it again changes nothing. After an
-- upgrade it adds the tables and columns that are new, says which, and changes nothing else.
--
--   psql -h HOST -p 5439 -U dba02 -d db02 -f redshift_period_attendance_setup.sql
--
-- Another installation sets what differs with -v NAME=VALUE:
--   bucket, prefix   where the landing zone is (S3_BUCKET, S3_PREFIX); the prefix ends with a slash
--   role             ARN of the role that Spectrum reads with; unset: the cluster's default role
--   glue_database    database of the Glue data catalog
--
-- It is rendered from attendance_common/ (columns.py, tables.py, load/views.py) by `make sql`.
-- CREATE EXTERNAL TABLE may not run in a transaction (DG: r_CREATE_EXTERNAL_TABLE): no BEGIN, no psql -1.

\set ON_ERROR_STOP on
\if :{?bucket} \else \set bucket edna-prod
\endif
\if :{?prefix} \else \set prefix raw_esd/incoming/periodAttendance/operational/landing/unnested_period_attendance/
\endif
\if :{?glue_database} \else \set glue_database esd_spectrum
\endif
\set location s3:// :bucket / :prefix

\if :{?role}
CREATE EXTERNAL SCHEMA IF NOT EXISTS esd_spectrum
FROM DATA CATALOG
DATABASE :'glue_database'
IAM_ROLE :'role'
CREATE EXTERNAL DATABASE IF NOT EXISTS;
\else
CREATE EXTERNAL SCHEMA IF NOT EXISTS esd_spectrum
FROM DATA CATALOG
DATABASE :'glue_database'
IAM_ROLE default
CREATE EXTERNAL DATABASE IF NOT EXISTS;
\endif

-- CREATE EXTERNAL TABLE has no IF NOT EXISTS: look first.
SELECT COUNT(*) = 0 AS external_table_is_missing
FROM svv_external_tables
WHERE schemaname = 'esd_spectrum'
    AND tablename = 'period_attendance'
\gset

\if :external_table_is_missing
CREATE EXTERNAL TABLE esd_spectrum.period_attendance (
    id                                   BIGINT,
    school_id                            BIGINT,
    date                                 VARCHAR(10),
    student_id                           BIGINT,
    meeting_time_id                      BIGINT,
    meeting_time__id                     BIGINT,
    meeting_time__section_id             BIGINT,
    meeting_time__room_number            VARCHAR(256),
    meeting_time__semester_numbers       VARCHAR(1024),
    meeting_time__bell_schedule_day      VARCHAR(256),
    meeting_time__period_from            VARCHAR(256),
    meeting_time__period_to              VARCHAR(256),
    meeting_time__start_time             VARCHAR(64),
    meeting_time__end_time               VARCHAR(64),
    meeting_time__room_id                BIGINT,
    meeting_time__cycle                  VARCHAR(1024),
    meeting_time__teacher                VARCHAR(1024),
    meeting_time__teachers               VARCHAR(16384),
    meeting_time__marking_periods        VARCHAR(4096),
    meeting_time__semester_pattern       VARCHAR(256),
    meeting_time__friendly_name          VARCHAR(1024),
    attendance_reason_id                 BIGINT,
    attendance_reason                    VARCHAR(1024),
    modality                             VARCHAR(256),
    attendance_status                    VARCHAR(256),
    excused_status                       VARCHAR(256),
    is_early_dismissal                   BOOLEAN,
    early_dismissal_attendance_reason_id BIGINT,
    minutes_late                         BIGINT,
    minutes_early                        BIGINT,
    minutes_missed                       BIGINT,
    actual_minutes                       BIGINT,
    potential_minutes                    BIGINT,
    tardy_time                           VARCHAR(64),
    dismissed_time                       VARCHAR(64),
    comment                              VARCHAR(16384),
    is_locked                            BOOLEAN,
    verified                             BOOLEAN,
    created_by                           BIGINT,
    created_on                           VARCHAR(26),
    modified_by                          BIGINT,
    modified_on                          VARCHAR(26),
    extra_fields                         VARCHAR(32768)
)
PARTITIONED BY (year INTEGER, month INTEGER, day INTEGER)
STORED AS PARQUET
LOCATION :'location';
\endif

-- Which tables are there already: what is created is said.
SELECT
    COUNT(CASE WHEN table_name = 'period_attendance' THEN 1 END) > 0 AS has_period_attendance,
    COUNT(CASE WHEN table_name = 'period_attendance_lists' THEN 1 END) > 0 AS has_period_attendance_lists,
    COUNT(CASE WHEN table_name = 'period_attendance_places' THEN 1 END) > 0 AS has_period_attendance_places,
    COUNT(CASE WHEN table_name = 'period_attendance_history' THEN 1 END) > 0 AS has_period_attendance_history,
    COUNT(CASE WHEN table_name = 'period_attendance_lock' THEN 1 END) > 0 AS has_period_attendance_lock,
    COUNT(CASE WHEN table_name = 'period_attendance_runs' THEN 1 END) > 0 AS has_period_attendance_runs,
    COUNT(CASE WHEN table_name = 'period_attendance_run_schools' THEN 1 END) > 0 AS has_period_attendance_run_schools,
    COUNT(CASE WHEN table_name = 'attendance_status_codes' THEN 1 END) > 0 AS has_attendance_status_codes,
    COUNT(CASE WHEN table_name = 'period_attendance_checks' THEN 1 END) > 0 AS has_period_attendance_checks
FROM svv_tables
WHERE table_schema = 'public'
\gset

-- The loader keeps id unique; no PRIMARY KEY, since Redshift would not enforce one but plan by it.
CREATE TABLE IF NOT EXISTS public.period_attendance (
    id                                   BIGINT NOT NULL,
    school_id                            BIGINT NOT NULL,
    attendance_date                      DATE NOT NULL,
    student_id                           BIGINT NOT NULL,
    meeting_time_id                      BIGINT,
    section_id                           BIGINT,
    room_id                              BIGINT,
    room_number                          VARCHAR(256),
    semester_numbers                     VARCHAR(1024),
    bell_schedule_day                    VARCHAR(256),
    period_from                          VARCHAR(256),
    period_to                            VARCHAR(256),
    start_time                           VARCHAR(64),
    end_time                             VARCHAR(64),
    cycle                                VARCHAR(1024),
    teacher                              VARCHAR(1024),
    teachers                             VARCHAR(16384),
    marking_periods                      VARCHAR(4096),
    semester_pattern                     VARCHAR(256),
    period_name                          VARCHAR(1024),
    attendance_reason_id                 BIGINT,
    attendance_reason                    VARCHAR(1024),
    modality                             VARCHAR(256),
    attendance_status                    VARCHAR(256),
    excused_status                       VARCHAR(256),
    is_early_dismissal                   BOOLEAN,
    early_dismissal_attendance_reason_id BIGINT,
    minutes_late                         BIGINT,
    minutes_early                        BIGINT,
    minutes_missed                       BIGINT,
    actual_minutes                       BIGINT,
    potential_minutes                    BIGINT,
    tardy_time                           VARCHAR(64),
    dismissed_time                       VARCHAR(64),
    comment                              VARCHAR(16384),
    is_locked                            BOOLEAN,
    verified                             BOOLEAN,
    created_by                           BIGINT,
    created_on                           TIMESTAMP,
    modified_by                          BIGINT,
    modified_on                          TIMESTAMP,
    extra_fields                         VARCHAR(32768),
    source_file                          VARCHAR(1024) NOT NULL,
    loaded_at                            TIMESTAMP NOT NULL
)
DISTSTYLE KEY
DISTKEY (student_id)
COMPOUND SORTKEY (attendance_date, student_id);
\if :has_period_attendance \else \echo public.period_attendance: created
\endif

-- One row for each list: few enough that every node has a copy.
CREATE TABLE IF NOT EXISTS public.period_attendance_lists (
    partition_date DATE NOT NULL,
    school_id      BIGINT NOT NULL,
    origin         VARCHAR(8) NOT NULL,
    etag           VARCHAR(256),
    last_modified  TIMESTAMP,
    row_count      BIGINT NOT NULL,
    loaded_at      TIMESTAMP NOT NULL,
    run            VARCHAR(64) NOT NULL
)
DISTSTYLE ALL
COMPOUND SORTKEY (partition_date, school_id);
\if :has_period_attendance_lists \else \echo public.period_attendance_lists: created
\endif

-- One narrow row for each record of each list; the rows of one id are on one slice.
CREATE TABLE IF NOT EXISTS public.period_attendance_places (
    id             BIGINT NOT NULL,
    partition_date DATE NOT NULL,
    school_id      BIGINT NOT NULL,
    origin         VARCHAR(8) NOT NULL,
    modified_on    TIMESTAMP,
    hash           VARCHAR(32) NOT NULL,
    wins           BOOLEAN NOT NULL,
    marked         BOOLEAN NOT NULL,
    loaded_at      TIMESTAMP NOT NULL
)
DISTSTYLE KEY
DISTKEY (id)
COMPOUND SORTKEY (partition_date, school_id);
\if :has_period_attendance_places \else \echo public.period_attendance_places: created
\endif

-- It grows with changes, not with loads. DISTKEY and SORTKEY are those of the native table.
CREATE TABLE IF NOT EXISTS public.period_attendance_history (
    id                                   BIGINT NOT NULL,
    school_id                            BIGINT NOT NULL,
    attendance_date                      DATE NOT NULL,
    student_id                           BIGINT NOT NULL,
    meeting_time_id                      BIGINT,
    section_id                           BIGINT,
    room_id                              BIGINT,
    room_number                          VARCHAR(256),
    semester_numbers                     VARCHAR(1024),
    bell_schedule_day                    VARCHAR(256),
    period_from                          VARCHAR(256),
    period_to                            VARCHAR(256),
    start_time                           VARCHAR(64),
    end_time                             VARCHAR(64),
    cycle                                VARCHAR(1024),
    teacher                              VARCHAR(1024),
    teachers                             VARCHAR(16384),
    marking_periods                      VARCHAR(4096),
    semester_pattern                     VARCHAR(256),
    period_name                          VARCHAR(1024),
    attendance_reason_id                 BIGINT,
    attendance_reason                    VARCHAR(1024),
    modality                             VARCHAR(256),
    attendance_status                    VARCHAR(256),
    excused_status                       VARCHAR(256),
    is_early_dismissal                   BOOLEAN,
    early_dismissal_attendance_reason_id BIGINT,
    minutes_late                         BIGINT,
    minutes_early                        BIGINT,
    minutes_missed                       BIGINT,
    actual_minutes                       BIGINT,
    potential_minutes                    BIGINT,
    tardy_time                           VARCHAR(64),
    dismissed_time                       VARCHAR(64),
    comment                              VARCHAR(16384),
    is_locked                            BOOLEAN,
    verified                             BOOLEAN,
    created_by                           BIGINT,
    created_on                           TIMESTAMP,
    modified_by                          BIGINT,
    modified_on                          TIMESTAMP,
    extra_fields                         VARCHAR(32768),
    source_file                          VARCHAR(1024) NOT NULL,
    valid_from                           TIMESTAMP NOT NULL,
    valid_to                             TIMESTAMP NOT NULL,
    change                               VARCHAR(8) NOT NULL,
    changed_columns                      VARCHAR(4096),
    run                                  VARCHAR(64) NOT NULL
)
DISTSTYLE KEY
DISTKEY (student_id)
COMPOUND SORTKEY (attendance_date, student_id);
\if :has_period_attendance_history \else \echo public.period_attendance_history: created
\endif

-- Loads queue for this table; it is always empty.
CREATE TABLE IF NOT EXISTS public.period_attendance_lock (
    locked BOOLEAN
)
DISTSTYLE ALL;
\if :has_period_attendance_lock \else \echo public.period_attendance_lock: created
\endif

-- The loader copies each run record in S3 into this table once.
CREATE TABLE IF NOT EXISTS public.period_attendance_runs (
    run              VARCHAR(64) NOT NULL,
    script           VARCHAR(8) NOT NULL,
    scope            VARCHAR(16),
    part             VARCHAR(16),
    began            TIMESTAMP NOT NULL,
    ended            TIMESTAMP,
    status           INTEGER NOT NULL,
    version          VARCHAR(32),
    school_year      BIGINT,
    error            VARCHAR(8192),
    attention        VARCHAR(65535),
    standing         BIGINT,
    newest_date      DATE,
    schools          BIGINT,
    schools_failed   BIGINT,
    pages            BIGINT,
    received         BIGINT,
    landed           BIGINT,
    repeats          BIGINT,
    quarantined      BIGINT,
    quarantined_new  BIGINT,
    moved            BIGINT,
    removed          BIGINT,
    removals_waiting BIGINT,
    lists_written    BIGINT,
    lists_unchanged  BIGINT,
    lists_merged     BIGINT,
    partitions       BIGINT,
    lists            BIGINT,
    registered       BIGINT,
    loaded           BIGINT,
    rows_read        BIGINT,
    inserted         BIGINT,
    updated          BIGINT,
    unchanged        BIGINT,
    superseded       BIGINT,
    reread           BIGINT,
    repaired_dates   BIGINT
)
DISTSTYLE KEY
DISTKEY (run)
SORTKEY (began);
\if :has_period_attendance_runs \else \echo public.period_attendance_runs: created
\endif

-- The rows of a run are on the same slice as its row in period_attendance_runs.
CREATE TABLE IF NOT EXISTS public.period_attendance_run_schools (
    run              VARCHAR(64) NOT NULL,
    script           VARCHAR(8) NOT NULL,
    scope            VARCHAR(16),
    began            TIMESTAMP NOT NULL,
    school_id        BIGINT NOT NULL,
    fault            VARCHAR(8192),
    lists_failed     BIGINT,
    newest_date      DATE,
    pages            BIGINT,
    source_count     BIGINT,
    received         BIGINT,
    landed           BIGINT,
    repeats          BIGINT,
    quarantined      BIGINT,
    quarantined_new  BIGINT,
    moved            BIGINT,
    removed          BIGINT,
    removals_waiting BIGINT,
    lists_written    BIGINT,
    lists_unchanged  BIGINT,
    lists_merged     BIGINT,
    in_quarantine    BIGINT
)
DISTSTYLE KEY
DISTKEY (run)
COMPOUND SORTKEY (began, school_id);
\if :has_period_attendance_run_schools \else \echo public.period_attendance_run_schools: created
\endif

-- People edit it. The setup file fills it when it has no row.
CREATE TABLE IF NOT EXISTS public.attendance_status_codes (
    status  VARCHAR(256) NOT NULL,
    meaning VARCHAR(16) NOT NULL
)
DISTSTYLE ALL;
\if :has_attendance_status_codes \else \echo public.attendance_status_codes: created
\endif

SELECT COUNT(*) = 0 AS attendance_status_codes_is_empty
FROM public.attendance_status_codes
\gset

\if :attendance_status_codes_is_empty
INSERT INTO public.attendance_status_codes (status, meaning)
VALUES
    ('A', 'absent'),
    ('Absent', 'absent'),
    ('T', 'tardy'),
    ('Tardy', 'tardy'),
    ('Late', 'tardy'),
    ('P', 'present'),
    ('Present', 'present'),
    ('Early Dismissal', 'present');
\endif

-- A load that changed rows renews it: findings that have ended are deleted.
CREATE TABLE IF NOT EXISTS public.period_attendance_checks (
    name            VARCHAR(32) NOT NULL,
    severity        VARCHAR(8) NOT NULL,
    school_id       BIGINT,
    attendance_date DATE,
    subject         VARCHAR(32),
    row_count       BIGINT NOT NULL,
    finding         VARCHAR(1024) NOT NULL,
    look_closer     VARCHAR(2048) NOT NULL,
    since           TIMESTAMP NOT NULL,
    reported_at     TIMESTAMP,
    checked_at      TIMESTAMP NOT NULL,
    run             VARCHAR(64) NOT NULL
)
DISTSTYLE ALL
COMPOUND SORTKEY (name, school_id);
\if :has_period_attendance_checks \else \echo public.period_attendance_checks: created
\endif

-- One row for each school that has a record.
CREATE OR REPLACE VIEW public.period_attendance_freshness AS
SELECT
    school_id,
    COUNT(*) AS records,
    MAX(CASE WHEN attendance_date <= CAST(GETDATE() AS DATE) THEN attendance_date END) AS newest_date,
    MAX(modified_on) AS latest_modified,
    MAX(loaded_at) AS latest_loaded
FROM public.period_attendance
GROUP BY school_id;

-- A list whose object is gone counts no rows, and its rows stay in the table.
CREATE OR REPLACE VIEW public.period_attendance_school_records AS
SELECT
    partition_date AS attendance_date,
    school_id,
    CAST(EXTRACT(year FROM DATEADD(month, -6, partition_date)) AS INTEGER) AS school_year,
    MAX(row_count) AS records
FROM public.period_attendance_lists
WHERE row_count > 0
    OR etag IS NULL
GROUP BY partition_date, school_id;

-- From its first date on, a school is expected to have records.
CREATE OR REPLACE VIEW public.period_attendance_school_years AS
SELECT
    school_id,
    school_year,
    MIN(attendance_date) AS first_date,
    MAX(attendance_date) AS newest_date
FROM public.period_attendance_school_records
WHERE attendance_date < CAST(GETDATE() AS DATE)
GROUP BY school_id, school_year;

-- Today is missing: it is not over.
CREATE OR REPLACE VIEW public.period_attendance_school_days AS
SELECT
    days.attendance_date,
    days.school_year,
    COUNT(*) AS schools,
    days.schools_with_records
FROM (
    SELECT attendance_date, school_year, COUNT(*) AS schools_with_records
    FROM public.period_attendance_school_records
    WHERE attendance_date < CAST(GETDATE() AS DATE)
    GROUP BY attendance_date, school_year
) AS days
INNER JOIN public.period_attendance_school_years AS begun
    ON days.school_year = begun.school_year
    AND days.attendance_date >= begun.first_date
GROUP BY days.attendance_date, days.school_year, days.schools_with_records
HAVING 2 * days.schools_with_records > COUNT(*);

-- A school has begun with its first record of the school year.
CREATE OR REPLACE VIEW public.period_attendance_gaps AS
SELECT days.attendance_date, begun.school_id, days.schools, days.schools_with_records
FROM public.period_attendance_school_days AS days
INNER JOIN public.period_attendance_school_years AS begun
    ON days.school_year = begun.school_year
    AND days.attendance_date >= begun.first_date
LEFT JOIN public.period_attendance_school_records AS records
    ON days.attendance_date = records.attendance_date
    AND begun.school_id = records.school_id
WHERE records.school_id IS NULL;

-- The day is absent by the rule of chronic absence.
CREATE OR REPLACE VIEW public.period_attendance_student_days AS
SELECT
    attendance_date,
    school_id,
    student_id,
    periods,
    recorded,
    absent,
    tardy,
    present,
    excused,
    minutes_missed,
    recorded > 0 AND absent >= 0.5 * recorded AS is_absent_day
FROM (
    SELECT
        record.attendance_date,
        record.school_id,
        record.student_id,
        COUNT(*) AS periods,
        SUM(CASE WHEN TRIM(record.attendance_status) <> '' THEN 1 ELSE 0 END) AS recorded,
        SUM(CASE WHEN codes.meaning = 'absent' THEN 1 ELSE 0 END) AS absent,
        SUM(CASE WHEN codes.meaning = 'tardy' THEN 1 ELSE 0 END) AS tardy,
        SUM(CASE WHEN codes.meaning = 'present' THEN 1 ELSE 0 END) AS present,
        SUM(CASE WHEN codes.meaning = 'absent' AND LOWER(LEFT(TRIM(record.excused_status), 1)) = 'e' THEN 1 ELSE 0 END) AS excused,
        CAST(NVL(SUM(record.minutes_missed), 0) AS BIGINT) AS minutes_missed
    FROM public.period_attendance AS record
    LEFT JOIN (
        SELECT LOWER(TRIM(status)) AS code, MIN(LOWER(TRIM(meaning))) AS meaning
        FROM public.attendance_status_codes
        WHERE LOWER(TRIM(meaning)) IN ('absent', 'tardy', 'present', 'other')
            AND TRIM(status) <> ''
        GROUP BY LOWER(TRIM(status))
    ) AS codes
        ON LOWER(TRIM(record.attendance_status)) = codes.code
    GROUP BY record.attendance_date, record.school_id, record.student_id
) AS counted;

-- Sums of the students' days.
CREATE OR REPLACE VIEW public.period_attendance_by_day AS
SELECT
    attendance_date,
    school_id,
    COUNT(*) AS students,
    SUM(CASE WHEN is_absent_day THEN 1 ELSE 0 END) AS absent_students,
    CAST(SUM(periods) AS BIGINT) AS periods,
    CAST(SUM(recorded) AS BIGINT) AS recorded,
    CAST(SUM(absent) AS BIGINT) AS absent,
    CAST(SUM(tardy) AS BIGINT) AS tardy,
    CAST(SUM(present) AS BIGINT) AS present,
    CAST(SUM(excused) AS BIGINT) AS excused,
    CAST(SUM(minutes_missed) AS BIGINT) AS minutes_missed
FROM public.period_attendance_student_days
GROUP BY attendance_date, school_id;

-- Sum it by weekday and period, over the dates that are asked for.
CREATE OR REPLACE VIEW public.period_attendance_by_period AS
SELECT
    record.attendance_date,
    record.school_id,
    CAST(EXTRACT(dow FROM record.attendance_date) AS INTEGER) AS weekday,
    record.period_from AS period,
    COUNT(*) AS periods,
    SUM(CASE WHEN TRIM(record.attendance_status) <> '' THEN 1 ELSE 0 END) AS recorded,
    SUM(CASE WHEN codes.meaning = 'absent' THEN 1 ELSE 0 END) AS absent,
    SUM(CASE WHEN codes.meaning = 'tardy' THEN 1 ELSE 0 END) AS tardy,
    SUM(CASE WHEN codes.meaning = 'present' THEN 1 ELSE 0 END) AS present,
    SUM(CASE WHEN codes.meaning = 'absent' AND LOWER(LEFT(TRIM(record.excused_status), 1)) = 'e' THEN 1 ELSE 0 END) AS excused,
    CAST(NVL(SUM(record.minutes_missed), 0) AS BIGINT) AS minutes_missed
FROM public.period_attendance AS record
LEFT JOIN (
    SELECT LOWER(TRIM(status)) AS code, MIN(LOWER(TRIM(meaning))) AS meaning
    FROM public.attendance_status_codes
    WHERE LOWER(TRIM(meaning)) IN ('absent', 'tardy', 'present', 'other')
        AND TRIM(status) <> ''
    GROUP BY LOWER(TRIM(status))
) AS codes
    ON LOWER(TRIM(record.attendance_status)) = codes.code
GROUP BY record.attendance_date, record.school_id, CAST(EXTRACT(dow FROM record.attendance_date) AS INTEGER), record.period_from;

-- Excused absences count as the others do; today is missing: it is not over.
CREATE OR REPLACE VIEW public.period_attendance_chronic_absence AS
SELECT
    school_year,
    school_id,
    student_id,
    days,
    absent_days,
    CAST(100.0 * absent_days / days AS NUMERIC(5, 1)) AS absent_percent,
    absent_days >= 0.10 * days AS is_chronic
FROM (
    SELECT
        CAST(EXTRACT(year FROM DATEADD(month, -6, attendance_date)) AS INTEGER) AS school_year,
        school_id,
        student_id,
        COUNT(*) AS days,
        SUM(CASE WHEN is_absent_day THEN 1 ELSE 0 END) AS absent_days
    FROM public.period_attendance_student_days
    WHERE recorded > 0
        AND attendance_date < CAST(GETDATE() AS DATE)
    GROUP BY CAST(EXTRACT(year FROM DATEADD(month, -6, attendance_date)) AS INTEGER), school_id, student_id
) AS counted
WHERE days >= 10;

-- Late binding, so that a column of the tables can be altered.
CREATE OR REPLACE VIEW public.period_attendance_versions AS
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
    loaded_at AS valid_from,
    CAST(NULL AS TIMESTAMP) AS valid_to,
    CAST(NULL AS VARCHAR(8)) AS change,
    CAST(NULL AS VARCHAR(4096)) AS changed_columns
FROM public.period_attendance
UNION ALL
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
    changed_columns
FROM public.period_attendance_history
WITH NO SCHEMA BINDING;

-- One row for each school and week that has a change.
CREATE OR REPLACE VIEW public.period_attendance_corrections AS
SELECT
    school_id,
    week,
    COUNT(*) AS changes,
    SUM(CASE WHEN days <= 0 THEN 1 ELSE 0 END) AS same_day,
    SUM(CASE WHEN days BETWEEN 1 AND 7 THEN 1 ELSE 0 END) AS days_1_to_7,
    SUM(CASE WHEN days BETWEEN 8 AND 30 THEN 1 ELSE 0 END) AS days_8_to_30,
    SUM(CASE WHEN days > 30 THEN 1 ELSE 0 END) AS days_over_30
FROM (
    SELECT
        version.school_id,
        CAST(DATE_TRUNC('week', version.attendance_date) AS DATE) AS week,
        DATEDIFF(
            day,
            version.attendance_date,
            CAST(
                CASE
                    WHEN version.modified_on > NVL(replaced.modified_on, version.created_on)
                        THEN version.modified_on
                    WHEN replaced.id IS NOT NULL THEN version.valid_from
                END AS DATE
            )
        ) AS days
    FROM public.period_attendance_versions AS version
    LEFT JOIN public.period_attendance_history AS replaced
        ON version.id = replaced.id
        AND version.valid_from = replaced.valid_to
) AS changed
WHERE days IS NOT NULL
GROUP BY school_id, week
WITH NO SCHEMA BINDING;

-- For reports on an older table. A field of meetingTime is a column: roomnumber, teacher.
CREATE OR REPLACE VIEW public.period_attendance_api_names AS
SELECT
    id AS id,
    school_id AS schoolid,
    attendance_date AS date,
    student_id AS studentid,
    meeting_time_id AS meetingtimeid,
    section_id AS sectionid,
    room_number AS roomnumber,
    semester_numbers AS semesternumbers,
    bell_schedule_day AS bellscheduleday,
    period_from AS periodfrom,
    period_to AS periodto,
    start_time AS starttime,
    end_time AS endtime,
    room_id AS roomid,
    cycle AS cycle,
    teacher AS teacher,
    teachers AS teachers,
    marking_periods AS markingperiods,
    semester_pattern AS semesterpattern,
    period_name AS friendlyname,
    attendance_reason_id AS attendancereasonid,
    attendance_reason AS attendancereason,
    modality AS modality,
    attendance_status AS attendancestatus,
    excused_status AS excusedstatus,
    is_early_dismissal AS isearlydismissal,
    early_dismissal_attendance_reason_id AS earlydismissalattendancereasonid,
    minutes_late AS minuteslate,
    minutes_early AS minutesearly,
    minutes_missed AS minutesmissed,
    actual_minutes AS actualminutes,
    potential_minutes AS potentialminutes,
    tardy_time AS tardytime,
    dismissed_time AS dismissedtime,
    comment AS comment,
    is_locked AS islocked,
    verified AS verified,
    created_by AS createdby,
    created_on AS createdon,
    modified_by AS modifiedby,
    modified_on AS modifiedon
FROM public.period_attendance
WITH NO SCHEMA BINDING;

-- What the tables, the views and their columns mean. External tables take no comments (DG: r_COMMENT).
\set QUIET on

COMMENT ON TABLE public.period_attendance IS 'Attendance of each student in each period: each record of ESD once, in its newest version.';
COMMENT ON COLUMN public.period_attendance.id IS 'Number that ESD gives the record. It stays the same when the record changes.';
COMMENT ON COLUMN public.period_attendance.school_id IS 'ESD''s number of the school whose list has the record.';
COMMENT ON COLUMN public.period_attendance.attendance_date IS 'School day that the record is about.';
COMMENT ON COLUMN public.period_attendance.student_id IS 'ESD''s number of the student.';
COMMENT ON COLUMN public.period_attendance.meeting_time_id IS 'ESD''s number of the meeting time: a section''s place in the timetable.';
COMMENT ON COLUMN public.period_attendance.section_id IS 'ESD''s number of the section: the class that met.';
COMMENT ON COLUMN public.period_attendance.room_id IS 'ESD''s number of the room.';
COMMENT ON COLUMN public.period_attendance.room_number IS 'Number of the room as the school writes it.';
COMMENT ON COLUMN public.period_attendance.semester_numbers IS 'The section''s semesters, as a JSON list.';
COMMENT ON COLUMN public.period_attendance.bell_schedule_day IS 'Day of the bell schedule, such as A or B.';
COMMENT ON COLUMN public.period_attendance.period_from IS 'First period of the meeting.';
COMMENT ON COLUMN public.period_attendance.period_to IS 'Last period of the meeting, often the first one.';
COMMENT ON COLUMN public.period_attendance.start_time IS 'Start of the meeting, HH:MM:SS as the source writes it.';
COMMENT ON COLUMN public.period_attendance.end_time IS 'End of the meeting, HH:MM:SS as the source writes it.';
COMMENT ON COLUMN public.period_attendance.cycle IS 'Days of the cycle on which the section meets, such as A,B.';
COMMENT ON COLUMN public.period_attendance.teacher IS 'Name of the teacher. Personal data.';
COMMENT ON COLUMN public.period_attendance.teachers IS 'Number and name of each teacher, a JSON list. Personal data.';
COMMENT ON COLUMN public.period_attendance.marking_periods IS 'The section''s marking periods, as a JSON list.';
COMMENT ON COLUMN public.period_attendance.semester_pattern IS 'The section''s semesters, such as FY: full year.';
COMMENT ON COLUMN public.period_attendance.period_name IS 'Name of the period that people use, such as Period 3.';
COMMENT ON COLUMN public.period_attendance.attendance_reason_id IS 'ESD''s number of the reason for absence or tardiness.';
COMMENT ON COLUMN public.period_attendance.attendance_reason IS 'Reason for absence or tardiness, in words.';
COMMENT ON COLUMN public.period_attendance.modality IS 'How the student took part, such as In Person.';
COMMENT ON COLUMN public.period_attendance.attendance_status IS 'Attendance: codes (A) and words (Absent). Count both.';
COMMENT ON COLUMN public.period_attendance.excused_status IS 'Whether absence or tardiness is excused, in the source''s words.';
COMMENT ON COLUMN public.period_attendance.is_early_dismissal IS 'TRUE when the student was dismissed before the period ended.';
COMMENT ON COLUMN public.period_attendance.early_dismissal_attendance_reason_id IS 'ESD''s number of the reason for the early dismissal.';
COMMENT ON COLUMN public.period_attendance.minutes_late IS 'Minutes by which the student came late.';
COMMENT ON COLUMN public.period_attendance.minutes_early IS 'Minutes by which the student left early.';
COMMENT ON COLUMN public.period_attendance.minutes_missed IS 'Minutes of the period that the student missed.';
COMMENT ON COLUMN public.period_attendance.actual_minutes IS 'Minutes of the period that the student attended.';
COMMENT ON COLUMN public.period_attendance.potential_minutes IS 'Minutes of the period that the student could attend.';
COMMENT ON COLUMN public.period_attendance.tardy_time IS 'Time at which the late student came, as the source writes it.';
COMMENT ON COLUMN public.period_attendance.dismissed_time IS 'Time at which the student was dismissed, as the source writes it.';
COMMENT ON COLUMN public.period_attendance.comment IS 'Free text of the school''s staff. It can hold personal data.';
COMMENT ON COLUMN public.period_attendance.is_locked IS 'TRUE when the record is locked in ESD.';
COMMENT ON COLUMN public.period_attendance.verified IS 'TRUE when the record is verified in ESD.';
COMMENT ON COLUMN public.period_attendance.created_by IS 'ESD''s number of the user who created the record.';
COMMENT ON COLUMN public.period_attendance.created_on IS 'Time at which the record was created, in UTC.';
COMMENT ON COLUMN public.period_attendance.modified_by IS 'ESD''s number of the user who changed the record last.';
COMMENT ON COLUMN public.period_attendance.modified_on IS 'Time of the last change, in UTC. The newest wins. NULL is oldest.';
COMMENT ON COLUMN public.period_attendance.extra_fields IS 'Fields without a column of their own, as a JSON object. NULL: none.';
COMMENT ON COLUMN public.period_attendance.source_file IS 'Object in S3, or older table, that it was first read from.';
COMMENT ON COLUMN public.period_attendance.loaded_at IS 'Time at which the loader wrote the row, in UTC.';

COMMENT ON TABLE public.period_attendance_lists IS 'The lists that were loaded: one row for each school and date, with the version of its object.';
COMMENT ON COLUMN public.period_attendance_lists.partition_date IS 'Date of the list.';
COMMENT ON COLUMN public.period_attendance_lists.school_id IS 'School of the list.';
COMMENT ON COLUMN public.period_attendance_lists.origin IS 'Source: s3 is a list of the landing zone, backfill an older table.';
COMMENT ON COLUMN public.period_attendance_lists.etag IS 'ETag of the loaded object. NULL: gone. Empty: load again. Of backfill: the older table.';
COMMENT ON COLUMN public.period_attendance_lists.last_modified IS 'Time at which that object was written, in UTC.';
COMMENT ON COLUMN public.period_attendance_lists.row_count IS 'Records in the list.';
COMMENT ON COLUMN public.period_attendance_lists.loaded_at IS 'Time at which the list was loaded, in UTC.';
COMMENT ON COLUMN public.period_attendance_lists.run IS 'Name of that load.';

COMMENT ON TABLE public.period_attendance_places IS 'Every record of every loaded list: its places. The newest place of an id is the winner.';
COMMENT ON COLUMN public.period_attendance_places.id IS 'Number that ESD gives the record.';
COMMENT ON COLUMN public.period_attendance_places.partition_date IS 'Date of the list.';
COMMENT ON COLUMN public.period_attendance_places.school_id IS 'School of the list.';
COMMENT ON COLUMN public.period_attendance_places.origin IS 'Source: s3 is a list of the landing zone, backfill an older table.';
COMMENT ON COLUMN public.period_attendance_places.modified_on IS 'Time at which the record was changed last, in UTC.';
COMMENT ON COLUMN public.period_attendance_places.hash IS 'MD5 of the whole row.';
COMMENT ON COLUMN public.period_attendance_places.wins IS 'Whether public.period_attendance has its row.';
COMMENT ON COLUMN public.period_attendance_places.marked IS 'Whether its list no longer holds the record.';
COMMENT ON COLUMN public.period_attendance_places.loaded_at IS 'Time at which this version was loaded, in UTC.';

COMMENT ON TABLE public.period_attendance_history IS 'Every version of a record that was in public.period_attendance and is no longer.';
COMMENT ON COLUMN public.period_attendance_history.id IS 'Number that ESD gives the record. It stays the same when the record changes.';
COMMENT ON COLUMN public.period_attendance_history.school_id IS 'ESD''s number of the school whose list has the record.';
COMMENT ON COLUMN public.period_attendance_history.attendance_date IS 'School day that the record is about.';
COMMENT ON COLUMN public.period_attendance_history.student_id IS 'ESD''s number of the student.';
COMMENT ON COLUMN public.period_attendance_history.meeting_time_id IS 'ESD''s number of the meeting time: a section''s place in the timetable.';
COMMENT ON COLUMN public.period_attendance_history.section_id IS 'ESD''s number of the section: the class that met.';
COMMENT ON COLUMN public.period_attendance_history.room_id IS 'ESD''s number of the room.';
COMMENT ON COLUMN public.period_attendance_history.room_number IS 'Number of the room as the school writes it.';
COMMENT ON COLUMN public.period_attendance_history.semester_numbers IS 'The section''s semesters, as a JSON list.';
COMMENT ON COLUMN public.period_attendance_history.bell_schedule_day IS 'Day of the bell schedule, such as A or B.';
COMMENT ON COLUMN public.period_attendance_history.period_from IS 'First period of the meeting.';
COMMENT ON COLUMN public.period_attendance_history.period_to IS 'Last period of the meeting, often the first one.';
COMMENT ON COLUMN public.period_attendance_history.start_time IS 'Start of the meeting, HH:MM:SS as the source writes it.';
COMMENT ON COLUMN public.period_attendance_history.end_time IS 'End of the meeting, HH:MM:SS as the source writes it.';
COMMENT ON COLUMN public.period_attendance_history.cycle IS 'Days of the cycle on which the section meets, such as A,B.';
COMMENT ON COLUMN public.period_attendance_history.teacher IS 'Name of the teacher. Personal data.';
COMMENT ON COLUMN public.period_attendance_history.teachers IS 'Number and name of each teacher, a JSON list. Personal data.';
COMMENT ON COLUMN public.period_attendance_history.marking_periods IS 'The section''s marking periods, as a JSON list.';
COMMENT ON COLUMN public.period_attendance_history.semester_pattern IS 'The section''s semesters, such as FY: full year.';
COMMENT ON COLUMN public.period_attendance_history.period_name IS 'Name of the period that people use, such as Period 3.';
COMMENT ON COLUMN public.period_attendance_history.attendance_reason_id IS 'ESD''s number of the reason for absence or tardiness.';
COMMENT ON COLUMN public.period_attendance_history.attendance_reason IS 'Reason for absence or tardiness, in words.';
COMMENT ON COLUMN public.period_attendance_history.modality IS 'How the student took part, such as In Person.';
COMMENT ON COLUMN public.period_attendance_history.attendance_status IS 'Attendance: codes (A) and words (Absent). Count both.';
COMMENT ON COLUMN public.period_attendance_history.excused_status IS 'Whether absence or tardiness is excused, in the source''s words.';
COMMENT ON COLUMN public.period_attendance_history.is_early_dismissal IS 'TRUE when the student was dismissed before the period ended.';
COMMENT ON COLUMN public.period_attendance_history.early_dismissal_attendance_reason_id IS 'ESD''s number of the reason for the early dismissal.';
COMMENT ON COLUMN public.period_attendance_history.minutes_late IS 'Minutes by which the student came late.';
COMMENT ON COLUMN public.period_attendance_history.minutes_early IS 'Minutes by which the student left early.';
COMMENT ON COLUMN public.period_attendance_history.minutes_missed IS 'Minutes of the period that the student missed.';
COMMENT ON COLUMN public.period_attendance_history.actual_minutes IS 'Minutes of the period that the student attended.';
COMMENT ON COLUMN public.period_attendance_history.potential_minutes IS 'Minutes of the period that the student could attend.';
COMMENT ON COLUMN public.period_attendance_history.tardy_time IS 'Time at which the late student came, as the source writes it.';
COMMENT ON COLUMN public.period_attendance_history.dismissed_time IS 'Time at which the student was dismissed, as the source writes it.';
COMMENT ON COLUMN public.period_attendance_history.comment IS 'Free text of the school''s staff. It can hold personal data.';
COMMENT ON COLUMN public.period_attendance_history.is_locked IS 'TRUE when the record is locked in ESD.';
COMMENT ON COLUMN public.period_attendance_history.verified IS 'TRUE when the record is verified in ESD.';
COMMENT ON COLUMN public.period_attendance_history.created_by IS 'ESD''s number of the user who created the record.';
COMMENT ON COLUMN public.period_attendance_history.created_on IS 'Time at which the record was created, in UTC.';
COMMENT ON COLUMN public.period_attendance_history.modified_by IS 'ESD''s number of the user who changed the record last.';
COMMENT ON COLUMN public.period_attendance_history.modified_on IS 'Time of the last change, in UTC. The newest wins. NULL is oldest.';
COMMENT ON COLUMN public.period_attendance_history.extra_fields IS 'Fields without a column of their own, as a JSON object. NULL: none.';
COMMENT ON COLUMN public.period_attendance_history.source_file IS 'Object in S3, or older table, that it was first read from.';
COMMENT ON COLUMN public.period_attendance_history.valid_from IS 'Time at which the loader wrote this version into the table, in UTC.';
COMMENT ON COLUMN public.period_attendance_history.valid_to IS 'Time at which it was replaced in the table or removed from it, in UTC.';
COMMENT ON COLUMN public.period_attendance_history.change IS 'Change that ended it: updated, moved (date or school) or removed.';
COMMENT ON COLUMN public.period_attendance_history.changed_columns IS 'Columns in which the next version differs. NULL: removed.';
COMMENT ON COLUMN public.period_attendance_history.run IS 'Name of the load that replaced or removed it.';

COMMENT ON TABLE public.period_attendance_lock IS 'Locked by a load while it is in a transaction. Nobody reads it, so no reader waits.';
COMMENT ON COLUMN public.period_attendance_lock.locked IS 'Never filled.';

COMMENT ON TABLE public.period_attendance_runs IS 'Every run of the fetcher and of the loader: one row each, without students'' data.';
COMMENT ON COLUMN public.period_attendance_runs.run IS 'Name of the run, as its result line has it.';
COMMENT ON COLUMN public.period_attendance_runs.script IS 'Script: fetch or load.';
COMMENT ON COLUMN public.period_attendance_runs.scope IS 'Fetch: whole, recent, today or replay. Load: load, verify or backfill.';
COMMENT ON COLUMN public.period_attendance_runs.part IS 'Share of the schools (1/4). some: chosen by flags. NULL: all.';
COMMENT ON COLUMN public.period_attendance_runs.began IS 'Time at which the run began, in UTC.';
COMMENT ON COLUMN public.period_attendance_runs.ended IS 'Time at which the run ended, in UTC.';
COMMENT ON COLUMN public.period_attendance_runs.status IS 'Exit status: 0 done, 1 failed and may pass, 2 has to be mended, 3 needs a person.';
COMMENT ON COLUMN public.period_attendance_runs.version IS 'Version of the script.';
COMMENT ON COLUMN public.period_attendance_runs.school_year IS 'School year that the fetcher asked for.';
COMMENT ON COLUMN public.period_attendance_runs.error IS 'Why the run failed.';
COMMENT ON COLUMN public.period_attendance_runs.attention IS 'What needs a person: one sentence on each line.';
COMMENT ON COLUMN public.period_attendance_runs.standing IS 'Lasting conditions that an earlier run has reported.';
COMMENT ON COLUMN public.period_attendance_runs.newest_date IS 'Newest date up to today. Fetch: of the records that were read. Load: of the table.';
COMMENT ON COLUMN public.period_attendance_runs.schools IS 'Schools that were read.';
COMMENT ON COLUMN public.period_attendance_runs.schools_failed IS 'Of these, those that could not be read.';
COMMENT ON COLUMN public.period_attendance_runs.pages IS 'Pages that were read.';
COMMENT ON COLUMN public.period_attendance_runs.received IS 'Records on all pages that were read.';
COMMENT ON COLUMN public.period_attendance_runs.landed IS 'Different records that were read and landed.';
COMMENT ON COLUMN public.period_attendance_runs.repeats IS 'Records that came more than once.';
COMMENT ON COLUMN public.period_attendance_runs.quarantined IS 'Records that were read and cannot be landed.';
COMMENT ON COLUMN public.period_attendance_runs.quarantined_new IS 'Of these, those that no run had named before.';
COMMENT ON COLUMN public.period_attendance_runs.moved IS 'Records that moved to the list of another date.';
COMMENT ON COLUMN public.period_attendance_runs.removed IS 'Fetch: records that were proved gone. Load: rows.';
COMMENT ON COLUMN public.period_attendance_runs.removals_waiting IS 'Landed records that were not read and not removed.';
COMMENT ON COLUMN public.period_attendance_runs.lists_written IS 'Lists that were written.';
COMMENT ON COLUMN public.period_attendance_runs.lists_unchanged IS 'Lists that were compared and are as before.';
COMMENT ON COLUMN public.period_attendance_runs.lists_merged IS 'Lists that another process had written meanwhile.';
COMMENT ON COLUMN public.period_attendance_runs.partitions IS 'Dates of the landing zone.';
COMMENT ON COLUMN public.period_attendance_runs.lists IS 'Lists of the landing zone.';
COMMENT ON COLUMN public.period_attendance_runs.registered IS 'Partitions that were new to the external table.';
COMMENT ON COLUMN public.period_attendance_runs.loaded IS 'Lists that were loaded.';
COMMENT ON COLUMN public.period_attendance_runs.rows_read IS 'Rows of these lists.';
COMMENT ON COLUMN public.period_attendance_runs.inserted IS 'Of these, rows of records that were new to the table.';
COMMENT ON COLUMN public.period_attendance_runs.updated IS 'Of these, rows that replaced another version.';
COMMENT ON COLUMN public.period_attendance_runs.unchanged IS 'Of these, rows that were as at their last load.';
COMMENT ON COLUMN public.period_attendance_runs.superseded IS 'Of these, rows of which another list has a newer version.';
COMMENT ON COLUMN public.period_attendance_runs.reread IS 'Rows that were read again from lists that had not changed.';
COMMENT ON COLUMN public.period_attendance_runs.repaired_dates IS 'Dates on which the table differed from what was loaded.';

COMMENT ON TABLE public.period_attendance_run_schools IS 'Result of each school in a fetch, and of each school in a load whose lists failed.';
COMMENT ON COLUMN public.period_attendance_run_schools.run IS 'Name of the run, as its result line has it.';
COMMENT ON COLUMN public.period_attendance_run_schools.script IS 'Script: fetch or load.';
COMMENT ON COLUMN public.period_attendance_run_schools.scope IS 'Fetch: whole, recent, today or replay. Load: load, verify or backfill.';
COMMENT ON COLUMN public.period_attendance_run_schools.began IS 'Time at which the run began, in UTC.';
COMMENT ON COLUMN public.period_attendance_run_schools.school_id IS 'ESD''s number of the school.';
COMMENT ON COLUMN public.period_attendance_run_schools.fault IS 'Why it was not read whole, landed or loaded. NULL: all went well.';
COMMENT ON COLUMN public.period_attendance_run_schools.lists_failed IS 'Lists that could not be loaded.';
COMMENT ON COLUMN public.period_attendance_run_schools.newest_date IS 'Newest date up to today. Fetch: of the records that were read. Load: of the table.';
COMMENT ON COLUMN public.period_attendance_run_schools.pages IS 'Pages that were read.';
COMMENT ON COLUMN public.period_attendance_run_schools.source_count IS 'Records of the school, as the source counted them last.';
COMMENT ON COLUMN public.period_attendance_run_schools.received IS 'Records on all pages that were read.';
COMMENT ON COLUMN public.period_attendance_run_schools.landed IS 'Different records that were read and landed.';
COMMENT ON COLUMN public.period_attendance_run_schools.repeats IS 'Records that came more than once.';
COMMENT ON COLUMN public.period_attendance_run_schools.quarantined IS 'Records that were read and cannot be landed.';
COMMENT ON COLUMN public.period_attendance_run_schools.quarantined_new IS 'Of these, those that no run had named before.';
COMMENT ON COLUMN public.period_attendance_run_schools.moved IS 'Records that moved to the list of another date.';
COMMENT ON COLUMN public.period_attendance_run_schools.removed IS 'Fetch: records that were proved gone. Load: rows.';
COMMENT ON COLUMN public.period_attendance_run_schools.removals_waiting IS 'Landed records that were not read and not removed.';
COMMENT ON COLUMN public.period_attendance_run_schools.lists_written IS 'Lists that were written.';
COMMENT ON COLUMN public.period_attendance_run_schools.lists_unchanged IS 'Lists that were compared and are as before.';
COMMENT ON COLUMN public.period_attendance_run_schools.lists_merged IS 'Lists that another process had written meanwhile.';
COMMENT ON COLUMN public.period_attendance_run_schools.in_quarantine IS 'Records of the school in quarantine after it was read.';

COMMENT ON TABLE public.attendance_status_codes IS 'What each attendance status means to the views. Edit it: the setup file keeps what is here.';
COMMENT ON COLUMN public.attendance_status_codes.status IS 'Attendance status; case and outer blanks do not count.';
COMMENT ON COLUMN public.attendance_status_codes.meaning IS 'Meaning: absent, tardy, present or other.';

COMMENT ON TABLE public.period_attendance_checks IS 'What the checks of the data find now: one row for each finding, without students'' data.';
COMMENT ON COLUMN public.period_attendance_checks.name IS 'Name of the check.';
COMMENT ON COLUMN public.period_attendance_checks.severity IS 'Severity: error (needs a person when new) or warn.';
COMMENT ON COLUMN public.period_attendance_checks.school_id IS 'School that it is about. NULL: no single one.';
COMMENT ON COLUMN public.period_attendance_checks.attendance_date IS 'Date that it is about. NULL: no single one.';
COMMENT ON COLUMN public.period_attendance_checks.subject IS 'Status that it is about. NULL: none.';
COMMENT ON COLUMN public.period_attendance_checks.row_count IS 'Number that the finding counts.';
COMMENT ON COLUMN public.period_attendance_checks.finding IS 'What was found, in a sentence.';
COMMENT ON COLUMN public.period_attendance_checks.look_closer IS 'Query that shows what it is about.';
COMMENT ON COLUMN public.period_attendance_checks.since IS 'Time at which a load first found it, in UTC.';
COMMENT ON COLUMN public.period_attendance_checks.reported_at IS 'Time at which a load ended with status 3 for it, in UTC. NULL: none did.';
COMMENT ON COLUMN public.period_attendance_checks.checked_at IS 'Time at which a load found it last, in UTC.';
COMMENT ON COLUMN public.period_attendance_checks.run IS 'Name of that load.';

COMMENT ON VIEW public.period_attendance_freshness IS 'How recent the attendance of each school is.';
COMMENT ON COLUMN public.period_attendance_freshness.school_id IS 'ESD''s number of the school.';
COMMENT ON COLUMN public.period_attendance_freshness.records IS 'Number of its records.';
COMMENT ON COLUMN public.period_attendance_freshness.newest_date IS 'Newest date up to today that one of its records is about.';
COMMENT ON COLUMN public.period_attendance_freshness.latest_modified IS 'When a record was changed last in ESD, in UTC.';
COMMENT ON COLUMN public.period_attendance_freshness.latest_loaded IS 'When the loader last wrote one of its rows, in UTC.';

COMMENT ON VIEW public.period_attendance_school_records IS 'Dates on which a school has records, with their number.';
COMMENT ON COLUMN public.period_attendance_school_records.attendance_date IS 'Date that the records are about.';
COMMENT ON COLUMN public.period_attendance_school_records.school_id IS 'ESD''s number of the school.';
COMMENT ON COLUMN public.period_attendance_school_records.school_year IS 'Year in which the school year begins: July to June.';
COMMENT ON COLUMN public.period_attendance_school_records.records IS 'Records of the school''s list; of the longer one if an older table has it, too. 0: its object is gone.';

COMMENT ON VIEW public.period_attendance_school_years IS 'First and newest date of each school in each school year, before today.';
COMMENT ON COLUMN public.period_attendance_school_years.school_id IS 'ESD''s number of the school.';
COMMENT ON COLUMN public.period_attendance_school_years.school_year IS 'Year in which the school year begins: July to June.';
COMMENT ON COLUMN public.period_attendance_school_years.first_date IS 'First date with a record in the school year.';
COMMENT ON COLUMN public.period_attendance_school_years.newest_date IS 'Newest date with a record in the school year, before today.';

COMMENT ON VIEW public.period_attendance_school_days IS 'Days on which more than half of the schools have a record, of those that had begun the year.';
COMMENT ON COLUMN public.period_attendance_school_days.attendance_date IS 'School day.';
COMMENT ON COLUMN public.period_attendance_school_days.school_year IS 'Year in which the school year begins: July to June.';
COMMENT ON COLUMN public.period_attendance_school_days.schools IS 'Schools that had begun the school year by then.';
COMMENT ON COLUMN public.period_attendance_school_days.schools_with_records IS 'Of these, those with a record.';

COMMENT ON VIEW public.period_attendance_gaps IS 'School days on which a school has no record although it has begun the school year.';
COMMENT ON COLUMN public.period_attendance_gaps.attendance_date IS 'School day.';
COMMENT ON COLUMN public.period_attendance_gaps.school_id IS 'ESD''s number of the school.';
COMMENT ON COLUMN public.period_attendance_gaps.schools IS 'Schools that had begun the school year by then.';
COMMENT ON COLUMN public.period_attendance_gaps.schools_with_records IS 'Of these, those with a record.';

COMMENT ON VIEW public.period_attendance_student_days IS 'Each student''s day at a school: periods, absences, minutes missed. It is students'' data.';
COMMENT ON COLUMN public.period_attendance_student_days.attendance_date IS 'School day that the records are about.';
COMMENT ON COLUMN public.period_attendance_student_days.school_id IS 'ESD''s number of the school.';
COMMENT ON COLUMN public.period_attendance_student_days.student_id IS 'ESD''s number of the student.';
COMMENT ON COLUMN public.period_attendance_student_days.periods IS 'Records: a period of a student each.';
COMMENT ON COLUMN public.period_attendance_student_days.recorded IS 'Of these, those with a status.';
COMMENT ON COLUMN public.period_attendance_student_days.absent IS 'Of these, absences by attendance_status_codes.';
COMMENT ON COLUMN public.period_attendance_student_days.tardy IS 'Periods to which the student came late, by attendance_status_codes.';
COMMENT ON COLUMN public.period_attendance_student_days.present IS 'Periods at which the student was present, by attendance_status_codes.';
COMMENT ON COLUMN public.period_attendance_student_days.excused IS 'Absences whose excused status begins with e.';
COMMENT ON COLUMN public.period_attendance_student_days.minutes_missed IS 'Minutes that were missed, of all periods.';
COMMENT ON COLUMN public.period_attendance_student_days.is_absent_day IS 'Whether half of the recorded periods or more are absences.';

COMMENT ON VIEW public.period_attendance_by_day IS 'Attendance of each school on each day.';
COMMENT ON COLUMN public.period_attendance_by_day.attendance_date IS 'School day that the records are about.';
COMMENT ON COLUMN public.period_attendance_by_day.school_id IS 'ESD''s number of the school.';
COMMENT ON COLUMN public.period_attendance_by_day.students IS 'Students with a record.';
COMMENT ON COLUMN public.period_attendance_by_day.absent_students IS 'Of these, students whose day counts as absent.';
COMMENT ON COLUMN public.period_attendance_by_day.periods IS 'Records: a period of a student each.';
COMMENT ON COLUMN public.period_attendance_by_day.recorded IS 'Of these, those with a status.';
COMMENT ON COLUMN public.period_attendance_by_day.absent IS 'Of these, absences by attendance_status_codes.';
COMMENT ON COLUMN public.period_attendance_by_day.tardy IS 'Periods to which the student came late, by attendance_status_codes.';
COMMENT ON COLUMN public.period_attendance_by_day.present IS 'Periods at which the student was present, by attendance_status_codes.';
COMMENT ON COLUMN public.period_attendance_by_day.excused IS 'Absences whose excused status begins with e.';
COMMENT ON COLUMN public.period_attendance_by_day.minutes_missed IS 'Minutes that were missed, of all periods.';

COMMENT ON VIEW public.period_attendance_by_period IS 'Attendance of each school in each period of each day, with the weekday.';
COMMENT ON COLUMN public.period_attendance_by_period.attendance_date IS 'School day that the records are about.';
COMMENT ON COLUMN public.period_attendance_by_period.school_id IS 'ESD''s number of the school.';
COMMENT ON COLUMN public.period_attendance_by_period.weekday IS 'Day of the week: 0 is Sunday, 1 is Monday, 6 is Saturday.';
COMMENT ON COLUMN public.period_attendance_by_period.period IS 'First period of the meeting, as the source writes it.';
COMMENT ON COLUMN public.period_attendance_by_period.periods IS 'Records: a period of a student each.';
COMMENT ON COLUMN public.period_attendance_by_period.recorded IS 'Of these, those with a status.';
COMMENT ON COLUMN public.period_attendance_by_period.absent IS 'Of these, absences by attendance_status_codes.';
COMMENT ON COLUMN public.period_attendance_by_period.tardy IS 'Periods to which the student came late, by attendance_status_codes.';
COMMENT ON COLUMN public.period_attendance_by_period.present IS 'Periods at which the student was present, by attendance_status_codes.';
COMMENT ON COLUMN public.period_attendance_by_period.excused IS 'Absences whose excused status begins with e.';
COMMENT ON COLUMN public.period_attendance_by_period.minutes_missed IS 'Minutes that were missed, of all periods.';

COMMENT ON VIEW public.period_attendance_chronic_absence IS 'Chronic absence of each student at a school in a school year. It is students'' data.';
COMMENT ON COLUMN public.period_attendance_chronic_absence.school_year IS 'Year in which the school year begins: July to June.';
COMMENT ON COLUMN public.period_attendance_chronic_absence.school_id IS 'ESD''s number of the school.';
COMMENT ON COLUMN public.period_attendance_chronic_absence.student_id IS 'ESD''s number of the student.';
COMMENT ON COLUMN public.period_attendance_chronic_absence.days IS 'Days with a recorded period: 10 or more.';
COMMENT ON COLUMN public.period_attendance_chronic_absence.absent_days IS 'Of these, days that count as absent.';
COMMENT ON COLUMN public.period_attendance_chronic_absence.absent_percent IS 'Percent of the days that count as absent.';
COMMENT ON COLUMN public.period_attendance_chronic_absence.is_chronic IS 'Whether the absence is chronic.';

COMMENT ON VIEW public.period_attendance_versions IS 'Each record in its current version (valid_to is NULL) and in all versions that it had before.';

COMMENT ON VIEW public.period_attendance_corrections IS 'How late attendance is changed, by school and week: changes by the days from the date to the change. Each version of a record is one change, but for a first version that was not modified after it was created. Removals do not count. The day of a change is that of modified_on, or, when that is no newer than before, the day on which the loader saw the change; both in UTC.';

COMMENT ON VIEW public.period_attendance_api_names IS 'The attendance under the names of the API in lower case, for reports on an older table.';
