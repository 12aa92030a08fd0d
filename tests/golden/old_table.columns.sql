SELECT column_name, data_type
FROM svv_columns
WHERE table_schema = %s
    AND table_name = %s;
