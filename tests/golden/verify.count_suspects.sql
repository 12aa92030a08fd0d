SELECT COUNT(*) FROM suspect;
