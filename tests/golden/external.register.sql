ALTER TABLE esd_spectrum.period_attendance ADD IF NOT EXISTS
PARTITION (year = %s, month = %s, day = %s) LOCATION %s
PARTITION (year = %s, month = %s, day = %s) LOCATION %s
PARTITION (year = %s, month = %s, day = %s) LOCATION %s;
-- 2026
-- 1
-- 5
-- s3://edna-prod/landing/unnested_period_attendance/year=2026/month=01/day=05/
-- 2025
-- 12
-- 9
-- s3://edna-prod/landing/unnested_period_attendance/year=2025/month=12/day=09/
-- 2025
-- 12
-- 10
-- s3://edna-prod/landing/unnested_period_attendance/year=2025/month=12/day=10/
