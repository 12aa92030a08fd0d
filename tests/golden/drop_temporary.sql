DROP TABLE incoming, lost, held, landed, change;
