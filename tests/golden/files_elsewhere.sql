SELECT DISTINCT incoming.source_file
FROM incoming
LEFT JOIN read_file
    ON incoming.source_file = read_file.source_file
WHERE read_file.source_file IS NULL;
