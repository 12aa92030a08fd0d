SELECT former.date, COUNT(*)
FROM "public"."old_attendance" AS former
GROUP BY former.date;
