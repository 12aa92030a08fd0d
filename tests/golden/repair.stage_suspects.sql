CREATE TEMP TABLE staged
DISTKEY (id) AS
-- here stands the statement of list_sql.read.sql
WHERE hashed.id IN (SELECT id FROM suspect WHERE reread);
-- 2025
-- 12
-- 9
-- 2026
-- 1
-- 5
-- 12549
-- 12550
-- 2026
-- 1
-- 5
-- 12549
-- 2025
-- 12
-- 9
-- 12549
-- 12550
-- 2025-12-09
-- 2026-01-05
