SELECT table_name, column_name, data_type, character_maximum_length
FROM svv_columns
WHERE table_schema = %s
    AND table_name IN (%s, %s, %s, %s, %s, %s, %s, %s, %s);
