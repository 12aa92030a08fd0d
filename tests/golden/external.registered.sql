SELECT values, location
FROM svv_external_partitions
WHERE schemaname = %s
    AND tablename = %s;
