CREATE TEMP TABLE landed (source_file VARCHAR(1024), landed_at TIMESTAMP);
