DELETE FROM incoming
WHERE source_file IN (SELECT source_file FROM left_file);
