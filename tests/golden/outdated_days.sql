SELECT MIN(held_date), MAX(held_date)
FROM change
WHERE outcome = 'updated';
