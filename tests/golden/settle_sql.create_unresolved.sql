CREATE TEMP TABLE unresolved AS
SELECT settled.id
FROM settled
LEFT JOIN staged
    ON settled.id = staged.id
    AND settled.partition_date = staged.partition_date
    AND settled.school_id = staged.school_id
    AND settled.hash = staged.hash
WHERE settled.written
    AND staged.id IS NULL;
