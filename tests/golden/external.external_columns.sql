SELECT columnname, external_type, part_key
FROM svv_external_columns
WHERE schemaname = %s
    AND tablename = %s
ORDER BY part_key, columnnum;
