INSERT INTO landed (source_file, landed_at) VALUES %s;
