DROP TABLE table_row, suspect, staged;
