WITH version AS (
    SELECT id, NVL(modified_on, CAST('0001-01-01' AS TIMESTAMP)) AS modified_on, source_file
    FROM incoming
    UNION ALL
    SELECT id, NVL(modified_on, CAST('0001-01-01' AS TIMESTAMP)) AS modified_on, source_file
    FROM held
),
tied AS (
    SELECT id, modified_on
    FROM version
    GROUP BY id, modified_on
    HAVING MIN(source_file) <> MAX(source_file)
)
SELECT DISTINCT version.source_file
FROM version
INNER JOIN tied
    ON version.id = tied.id
    AND version.modified_on = tied.modified_on;
