DROP TABLE staged, batch_list, settled;
