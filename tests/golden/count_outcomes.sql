SELECT outcome, COUNT(*)
FROM change
GROUP BY outcome
UNION ALL
SELECT 'stale', COUNT(*) - COUNT(DISTINCT id)
FROM incoming;
