CREATE TEMP TABLE read_file AS
SELECT DISTINCT source_file
FROM incoming;
