CREATE TEMP TABLE left_file (source_file VARCHAR(1024));
