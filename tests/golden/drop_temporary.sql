DROP TABLE incoming, landed, change;
