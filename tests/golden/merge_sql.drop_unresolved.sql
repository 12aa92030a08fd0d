DROP TABLE unresolved;
