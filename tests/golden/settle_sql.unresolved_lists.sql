SELECT DISTINCT settled.partition_date, settled.school_id
FROM settled
INNER JOIN unresolved
    ON settled.id = unresolved.id;
