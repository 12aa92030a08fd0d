WITH version AS (
    SELECT id, NVL(modified_on, CAST('0001-01-01' AS TIMESTAMP)) AS modified_on, source_file
    FROM incoming
    UNION ALL
    SELECT id, NVL(modified_on, CAST('0001-01-01' AS TIMESTAMP)) AS modified_on, source_file
    FROM held
),
several AS (
    SELECT id, modified_on
    FROM version
    GROUP BY id, modified_on
    HAVING COUNT(*) > 1
),
tied AS (
    SELECT version.id, version.modified_on
    FROM version
    INNER JOIN several
        ON version.id = several.id
        AND version.modified_on = several.modified_on
    GROUP BY version.id, version.modified_on
    HAVING MIN(version.source_file) <> MAX(version.source_file)
)
SELECT DISTINCT version.source_file
FROM version
INNER JOIN tied
    ON version.id = tied.id
    AND version.modified_on = tied.modified_on;
