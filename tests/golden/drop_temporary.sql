DROP TABLE incoming, read_file, left_file, lost, held, landed, change;
