UPDATE suspect
SET found = TRUE
FROM staged
WHERE suspect.id = staged.id
    AND suspect.partition_date = staged.partition_date
    AND suspect.school_id = staged.school_id
    AND suspect.hash = staged.hash;
