SELECT
    CAST('earlier school year' AS VARCHAR(32)) AS name,
    school_id AS school_id,
    CAST(NULL AS DATE) AS attendance_date,
    CAST(NULL AS VARCHAR(32)) AS subject,
    CAST(COUNT(*) AS BIGINT) AS row_count,
    MIN(attendance_date) AS first_date,
    MAX(attendance_date) AS last_date,
    CAST(NULL AS BIGINT) AS usual
FROM public.period_attendance
WHERE created_on >= %s
    AND attendance_date < %s
GROUP BY school_id
UNION ALL
SELECT
    CAST('missing days' AS VARCHAR(32)) AS name,
    school_id AS school_id,
    MIN(attendance_date) AS attendance_date,
    CAST(NULL AS VARCHAR(32)) AS subject,
    CAST(COUNT(*) AS BIGINT) AS row_count,
    MIN(attendance_date) AS first_date,
    MAX(attendance_date) AS last_date,
    CAST(NULL AS BIGINT) AS usual
FROM (
    SELECT
        gap.attendance_date,
        gap.school_id,
        day.place - ROW_NUMBER() OVER (PARTITION BY gap.school_id ORDER BY gap.attendance_date) AS run
    FROM public.period_attendance_gaps AS gap
    INNER JOIN (
        SELECT attendance_date, ROW_NUMBER() OVER (ORDER BY attendance_date) AS place
        FROM public.period_attendance_school_days
    ) AS day
        ON gap.attendance_date = day.attendance_date
) AS missing
GROUP BY school_id, run
HAVING MAX(attendance_date) >= %s
UNION ALL
SELECT
    CAST('behind' AS VARCHAR(32)) AS name,
    school.school_id AS school_id,
    CAST(NULL AS DATE) AS attendance_date,
    CAST(NULL AS VARCHAR(32)) AS subject,
    CAST(COUNT(*) AS BIGINT) AS row_count,
    school.newest_date AS first_date,
    MAX(day.attendance_date) AS last_date,
    CAST(NULL AS BIGINT) AS usual
FROM public.period_attendance_school_years AS school
INNER JOIN public.period_attendance_school_days AS day
    ON school.school_year = day.school_year
    AND school.newest_date < day.attendance_date
WHERE day.attendance_date >= %s
GROUP BY school.school_id, school.newest_date
UNION ALL
SELECT
    CAST('unusual count' AS VARCHAR(32)) AS name,
    school_id AS school_id,
    attendance_date AS attendance_date,
    CAST(NULL AS VARCHAR(32)) AS subject,
    CAST(records AS BIGINT) AS row_count,
    attendance_date AS first_date,
    attendance_date AS last_date,
    CAST(former_median AS BIGINT) AS usual
FROM (
    SELECT of_day.school_id, of_day.attendance_date, of_day.records, MEDIAN(former.records) AS former_median
    FROM public.period_attendance_school_records AS of_day
    INNER JOIN public.period_attendance_school_records AS former
        ON of_day.school_id = former.school_id
    WHERE of_day.attendance_date >= %s
        AND of_day.attendance_date < CAST(GETDATE() AS DATE)
        AND of_day.records > 0
        AND former.records > 0
        AND DATEDIFF(day, former.attendance_date, of_day.attendance_date)
            IN (7, 14, 21, 28, 35, 42)
    GROUP BY of_day.school_id, of_day.attendance_date, of_day.records
    HAVING COUNT(*) >= 4
) AS compared
WHERE records < 0.5 * former_median
    OR records > 1.5 * former_median
UNION ALL
SELECT
    CAST('too far ahead' AS VARCHAR(32)) AS name,
    school_id AS school_id,
    CAST(NULL AS DATE) AS attendance_date,
    CAST(NULL AS VARCHAR(32)) AS subject,
    CAST(SUM(records) AS BIGINT) AS row_count,
    MIN(attendance_date) AS first_date,
    MAX(attendance_date) AS last_date,
    CAST(NULL AS BIGINT) AS usual
FROM (
    SELECT
        future.school_id,
        future.attendance_date,
        future.records,
        MAX(
            CASE WHEN future.records >= 0.1 * past.usual THEN future.attendance_date END
        ) OVER (PARTITION BY future.school_id) AS published_to
    FROM public.period_attendance_school_records AS future
    INNER JOIN (
        SELECT school_id, AVG(records) AS usual
        FROM public.period_attendance_school_records
        WHERE attendance_date >= %s
            AND attendance_date < CAST(GETDATE() AS DATE)
        GROUP BY school_id
    ) AS past
        ON future.school_id = past.school_id
    WHERE future.attendance_date > CAST(GETDATE() AS DATE)
) AS ahead
WHERE published_to IS NULL
    OR attendance_date > published_to
GROUP BY school_id
UNION ALL
SELECT
    CAST(CASE WHEN subject IS NULL THEN 'rare unknown status' ELSE 'unknown status' END AS VARCHAR(32)) AS name,
    CAST(NULL AS BIGINT) AS school_id,
    CAST(NULL AS DATE) AS attendance_date,
    CAST(subject AS VARCHAR(32)) AS subject,
    CAST(SUM(row_count) AS BIGINT) AS row_count,
    MIN(first_date) AS first_date,
    MAX(last_date) AS last_date,
    CAST(NULL AS BIGINT) AS usual
FROM (
    SELECT
        CASE WHEN students >= 10 AND LEN(code) <= 32 THEN code END AS subject,
        row_count,
        first_date,
        last_date
    FROM (
        SELECT
            LOWER(TRIM(record.attendance_status)) AS code,
            COUNT(*) AS row_count,
            COUNT(DISTINCT record.student_id) AS students,
            MIN(record.attendance_date) AS first_date,
            MAX(record.attendance_date) AS last_date
        FROM public.period_attendance AS record
        LEFT JOIN (
            SELECT LOWER(TRIM(status)) AS code, MIN(LOWER(TRIM(meaning))) AS meaning
            FROM public.attendance_status_codes
            GROUP BY LOWER(TRIM(status))
        ) AS codes
            ON LOWER(TRIM(record.attendance_status)) = codes.code
        WHERE record.attendance_date >= %s
            AND TRIM(record.attendance_status) <> ''
            AND codes.code IS NULL
        GROUP BY LOWER(TRIM(record.attendance_status))
    ) AS strange
) AS named
GROUP BY subject
UNION ALL
SELECT
    CAST('minutes' AS VARCHAR(32)) AS name,
    school_id AS school_id,
    CAST(NULL AS DATE) AS attendance_date,
    CAST(NULL AS VARCHAR(32)) AS subject,
    CAST(COUNT(*) AS BIGINT) AS row_count,
    MIN(attendance_date) AS first_date,
    MAX(attendance_date) AS last_date,
    CAST(NULL AS BIGINT) AS usual
FROM public.period_attendance
WHERE attendance_date >= %s
    AND minutes_missed > potential_minutes
GROUP BY school_id
UNION ALL
SELECT
    CAST('modified before created' AS VARCHAR(32)) AS name,
    school_id AS school_id,
    CAST(NULL AS DATE) AS attendance_date,
    CAST(NULL AS VARCHAR(32)) AS subject,
    CAST(COUNT(*) AS BIGINT) AS row_count,
    MIN(attendance_date) AS first_date,
    MAX(attendance_date) AS last_date,
    CAST(NULL AS BIGINT) AS usual
FROM public.period_attendance
WHERE attendance_date >= %s
    AND modified_on < created_on
GROUP BY school_id
UNION ALL
SELECT
    CAST('modified in the future' AS VARCHAR(32)) AS name,
    school_id AS school_id,
    CAST(NULL AS DATE) AS attendance_date,
    CAST(NULL AS VARCHAR(32)) AS subject,
    CAST(COUNT(*) AS BIGINT) AS row_count,
    MIN(attendance_date) AS first_date,
    MAX(attendance_date) AS last_date,
    CAST(NULL AS BIGINT) AS usual
FROM public.period_attendance
WHERE attendance_date >= %s
    AND modified_on > GETDATE()
GROUP BY school_id
UNION ALL
SELECT
    CAST('id twice' AS VARCHAR(32)) AS name,
    CAST(NULL AS BIGINT) AS school_id,
    CAST(NULL AS DATE) AS attendance_date,
    CAST(NULL AS VARCHAR(32)) AS subject,
    CAST(COUNT(*) AS BIGINT) AS row_count,
    MIN(first_date) AS first_date,
    MAX(last_date) AS last_date,
    CAST(NULL AS BIGINT) AS usual
FROM (
    SELECT id, MIN(attendance_date) AS first_date, MAX(attendance_date) AS last_date
    FROM public.period_attendance
    WHERE attendance_date >= %s
    GROUP BY id
    HAVING COUNT(*) > 1
) AS twice
HAVING COUNT(*) > 0
UNION ALL
SELECT
    CAST('quarantine growing' AS VARCHAR(32)) AS name,
    school_id AS school_id,
    CAST(NULL AS DATE) AS attendance_date,
    CAST(NULL AS VARCHAR(32)) AS subject,
    CAST(MAX(CASE WHEN from_newest = 1 THEN in_quarantine END) AS BIGINT) AS row_count,
    CAST(MIN(began) AS DATE) AS first_date,
    CAST(MAX(began) AS DATE) AS last_date,
    CAST(MAX(CASE WHEN from_oldest = 1 THEN in_quarantine END) AS BIGINT) AS usual
FROM (
    SELECT
        school_id,
        began,
        in_quarantine,
        ROW_NUMBER() OVER (PARTITION BY school_id ORDER BY began) AS from_oldest,
        ROW_NUMBER() OVER (PARTITION BY school_id ORDER BY began DESC) AS from_newest
    FROM public.period_attendance_run_schools
    WHERE script = 'fetch'
        AND in_quarantine IS NOT NULL
        AND began >= DATEADD(day, -7, GETDATE())
) AS fetched
GROUP BY school_id
HAVING MAX(CASE WHEN from_newest = 1 THEN in_quarantine END) > MAX(CASE WHEN from_oldest = 1 THEN in_quarantine END)
ORDER BY name, school_id, first_date, subject;
-- 2025-12-09
-- 2025-07-01
-- 2025-12-09
-- 2025-12-09
-- 2025-12-09
-- 2025-12-09
-- 2025-12-09
-- 2025-12-09
-- 2025-12-09
-- 2025-12-09
-- 2025-12-09
