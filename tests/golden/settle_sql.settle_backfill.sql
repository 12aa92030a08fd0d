CREATE TEMP TABLE settled
DISTKEY (id) AS
WITH listed AS (
    SELECT
        staged.id,
        staged.partition_date,
        staged.school_id,
        staged.modified_on,
        staged.hash,
        staged.place_hash,
        staged.place_wins,
        staged.place_marked,
        staged.place_loaded_at
    FROM staged
    INNER JOIN batch_list
        ON staged.partition_date = batch_list.partition_date
        AND staged.school_id = batch_list.school_id
    WHERE staged.id IS NOT NULL
),
touched AS (
    SELECT id
    FROM listed
    WHERE place_hash IS NULL OR place_hash <> hash OR place_marked
    UNION
    SELECT places.id
    FROM public.period_attendance_places AS places
    INNER JOIN batch_list
        ON places.partition_date = batch_list.partition_date
        AND places.school_id = batch_list.school_id
    LEFT JOIN listed
        ON places.id = listed.id
        AND places.partition_date = listed.partition_date
        AND places.school_id = listed.school_id
    WHERE 1 = 0
        AND NOT places.marked
        AND places.partition_date BETWEEN %s AND %s
        AND listed.id IS NULL
),
place AS (
    SELECT
        listed.id,
        listed.partition_date,
        listed.school_id,
        CAST('backfill' AS VARCHAR(8)) AS origin,
        listed.modified_on,
        listed.hash,
        CASE WHEN listed.place_wins THEN listed.place_hash END AS table_hash,
        CASE WHEN listed.place_wins THEN listed.place_loaded_at END AS table_loaded_at,
        FALSE AS marked,
        CASE
            WHEN SUBSTRING(listed.place_hash, 2) = SUBSTRING(listed.hash, 2) THEN listed.place_loaded_at
            ELSE SYSDATE
        END AS loaded_at
    FROM listed
    INNER JOIN touched
        ON listed.id = touched.id
    UNION ALL
    SELECT
        places.id,
        places.partition_date,
        places.school_id,
        places.origin,
        places.modified_on,
        places.hash,
        CASE WHEN places.wins THEN places.hash END AS table_hash,
        CASE WHEN places.wins THEN places.loaded_at END AS table_loaded_at,
        CASE WHEN batch_list.school_id IS NULL THEN places.marked ELSE TRUE END AS marked,
        places.loaded_at
    FROM public.period_attendance_places AS places
    INNER JOIN touched
        ON places.id = touched.id
    LEFT JOIN batch_list
        ON places.partition_date = batch_list.partition_date
        AND places.school_id = batch_list.school_id
        AND places.origin = CAST('s3' AS VARCHAR(8))
    LEFT JOIN listed
        ON places.id = listed.id
        AND places.partition_date = listed.partition_date
        AND places.school_id = listed.school_id
        AND places.origin = CAST('backfill' AS VARCHAR(8))
    WHERE listed.id IS NULL
),
ranked AS (
    SELECT
        place.*,
        MAX(table_hash) OVER (PARTITION BY id) AS hash_before,
        MAX(table_loaded_at) OVER (PARTITION BY id) AS loaded_before,
        MAX(CASE WHEN origin = CAST('s3' AS VARCHAR(8)) THEN 1 ELSE 0 END) OVER (PARTITION BY id) AS landed,
        ROW_NUMBER() OVER (
            PARTITION BY id
            ORDER BY CASE WHEN origin = CAST('s3' AS VARCHAR(8)) THEN 0 ELSE 1 END,
                CASE WHEN NOT marked THEN 0 WHEN table_hash IS NOT NULL THEN 1 ELSE 2 END,
                NVL(modified_on, CAST('0001-01-01' AS TIMESTAMP)) DESC,
                partition_date DESC,
                school_id DESC
        ) AS version
    FROM place
)
SELECT
    id,
    partition_date,
    school_id,
    origin,
    modified_on,
    hash,
    marked,
    version,
    hash_before,
    CASE WHEN origin = CAST('s3' AS VARCHAR(8)) OR landed = 0 THEN TRUE ELSE FALSE END AS kept,
    CASE WHEN version = 1 AND NVL(hash_before, '') <> hash THEN TRUE ELSE FALSE END AS written,
    CASE WHEN version = 1 AND NOT SUBSTRING(NVL(hash_before, ''), 2) = SUBSTRING(hash, 2) THEN TRUE ELSE FALSE END AS changed,
    CASE WHEN version = 1 AND NOT SUBSTRING(NVL(hash_before, ''), 2) = SUBSTRING(hash, 2) THEN GREATEST(SYSDATE, NVL(DATEADD(microsecond, 1, loaded_before), SYSDATE)) ELSE loaded_at END AS loaded_at
FROM ranked;
-- 2025-12-09
-- 2026-01-05
