SELECT COUNT(*)
FROM suspect
WHERE found;
