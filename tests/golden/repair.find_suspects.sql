CREATE TEMP TABLE suspect
DISTKEY (id) AS
WITH copies AS (
    SELECT id, attendance_date, school_id, hash, COUNT(*) AS number
    FROM table_row
    GROUP BY id, attendance_date, school_id, hash
),
other AS (
    SELECT copies.id
    FROM copies
    LEFT JOIN public.period_attendance_places AS places
        ON copies.id = places.id
        AND copies.attendance_date = places.partition_date
        AND copies.school_id = places.school_id
        AND copies.hash = places.hash
        AND places.wins
    WHERE places.id IS NULL OR copies.number > 1
    UNION
    SELECT places.id
    FROM public.period_attendance_places AS places
    LEFT JOIN copies
        ON places.id = copies.id
        AND places.partition_date = copies.attendance_date
        AND places.school_id = copies.school_id
        AND places.hash = copies.hash
    WHERE places.wins
        AND places.partition_date IN (%s, %s, %s)
        AND copies.id IS NULL
)
SELECT
    places.id,
    places.partition_date,
    places.school_id,
    places.origin,
    places.hash,
    places.loaded_at,
    CASE WHEN places.partition_date IN (%s, %s, %s) THEN TRUE ELSE FALSE END AS reread,
    CASE WHEN places.partition_date IN (%s, %s, %s) THEN FALSE ELSE TRUE END AS found
FROM public.period_attendance_places AS places
INNER JOIN other
    ON places.id = other.id
WHERE places.wins;
-- 2026-01-05
-- 2025-12-09
-- 2025-12-10
-- 2026-01-05
-- 2025-12-09
-- 2025-12-10
-- 2026-01-05
-- 2025-12-09
-- 2025-12-10
