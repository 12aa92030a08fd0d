INSERT INTO left_file (source_file) VALUES %s;
