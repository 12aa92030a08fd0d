DELETE FROM settled
USING unresolved
WHERE settled.id = unresolved.id;
