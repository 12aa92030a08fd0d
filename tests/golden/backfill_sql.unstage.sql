DELETE FROM staged
WHERE known OR fault IS NOT NULL;
