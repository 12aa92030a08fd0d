CREATE TEMP TABLE departure
DISTKEY (id) AS
WITH leaving AS (
    SELECT places.id, places.partition_date, places.school_id, places.wins, places.hash
    FROM public.period_attendance_places AS places
    LEFT JOIN public.period_attendance_lists AS lists
        ON places.partition_date = lists.partition_date
        AND places.school_id = lists.school_id
        AND lists.origin = CAST('s3' AS VARCHAR(8))
    WHERE places.marked
        AND places.origin = CAST('s3' AS VARCHAR(8))
        AND (lists.school_id IS NULL OR lists.etag <> '')
),
counted AS (
    SELECT leaving.id, COUNT(*) AS leaving_places
    FROM leaving
    GROUP BY leaving.id
),
kept AS (
    SELECT counted.id, COUNT(*) - MAX(counted.leaving_places) AS remaining
    FROM counted
    INNER JOIN public.period_attendance_places AS places
        ON counted.id = places.id
    GROUP BY counted.id
)
SELECT leaving.id, leaving.partition_date, leaving.school_id, leaving.wins, leaving.hash, kept.remaining
FROM leaving
INNER JOIN kept
    ON leaving.id = kept.id;
