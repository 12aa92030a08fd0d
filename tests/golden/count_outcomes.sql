SELECT outcome, COUNT(*)
FROM change
GROUP BY outcome
UNION ALL
SELECT 'stale', (SELECT COUNT(*) FROM incoming) - (SELECT COUNT(*) FROM change);
