-- Sets up what redshift_loader.py needs: the external schema and table over the landing zone, the native table
-- and the loader's control table. Run it with psql; running it again changes nothing.
--
--   psql -h HOST -p 5439 -U dba02 -d db02 -f redshift_period_attendance_setup.sql
--
-- Another installation sets what differs with -v NAME=VALUE:
--   bucket, prefix   where the landing zone is (S3_BUCKET, S3_PREFIX); the prefix ends with a slash
--   role             ARN of the role that Spectrum reads with; unset: the cluster's default role
--   glue_database    database of the Glue data catalog
--
-- CREATE EXTERNAL TABLE may not run in a transaction (DG: r_CREATE_EXTERNAL_TABLE): no BEGIN here, no psql -1.

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
    id                                                   BIGINT,
    school_id                                            BIGINT,
    date                                                 VARCHAR(10),
    student_id                                           BIGINT,
    meeting_time_id                                      BIGINT,
    meeting_time__id                                     BIGINT,
    meeting_time__section_id                             BIGINT,
    meeting_time__room_number                            VARCHAR(256),
    meeting_time__semester_numbers                       VARCHAR(1024),
    meeting_time__bell_schedule_day                      VARCHAR(256),
    meeting_time__period_from                            VARCHAR(256),
    meeting_time__period_to                              VARCHAR(256),
    meeting_time__start_time                             VARCHAR(64),
    meeting_time__end_time                               VARCHAR(64),
    meeting_time__room_id                                BIGINT,
    meeting_time__cycle                                  VARCHAR(1024),
    meeting_time__teacher                                VARCHAR(1024),
    meeting_time__teachers                               VARCHAR(16384),
    meeting_time__marking_periods                        VARCHAR(4096),
    meeting_time__semester_pattern                       VARCHAR(256),
    meeting_time__friendly_name                          VARCHAR(1024),
    attendance_reason_id                                 BIGINT,
    attendance_reason                                    VARCHAR(1024),
    modality                                             VARCHAR(256),
    attendance_status                                    VARCHAR(256),
    excused_status                                       VARCHAR(256),
    is_early_dismissal                                   BOOLEAN,
    early_dismissal_attendance_reason_id                 BIGINT,
    minutes_late                                         BIGINT,
    minutes_early                                        BIGINT,
    minutes_missed                                       BIGINT,
    actual_minutes                                       BIGINT,
    potential_minutes                                    BIGINT,
    tardy_time                                           VARCHAR(64),
    dismissed_time                                       VARCHAR(64),
    comment                                              VARCHAR(16384),
    is_locked                                            BOOLEAN,
    verified                                             BOOLEAN,
    created_by                                           BIGINT,
    created_on                                           VARCHAR(26),
    modified_by                                          BIGINT,
    modified_on                                          VARCHAR(26),
    extra_fields                                         VARCHAR(32768)
)
PARTITIONED BY (year INTEGER, month INTEGER, day INTEGER)
STORED AS PARQUET
LOCATION :'location';
\endif

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

-- What the loader has loaded: the fingerprint of each partition's objects, and what it found there.
CREATE TABLE IF NOT EXISTS public.period_attendance_loads (
    partition_date                       DATE NOT NULL,
    fingerprint                          VARCHAR(64) NOT NULL,
    object_count                         BIGINT NOT NULL,
    row_count                            BIGINT NOT NULL,
    loaded_at                            TIMESTAMP NOT NULL
)
DISTSTYLE ALL
SORTKEY (partition_date);
