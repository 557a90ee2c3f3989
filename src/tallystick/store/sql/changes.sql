-- name: insert_change
-- $1 now  $2 user  $3 key  $4 application  $5 entity  $6 old  $7 new
INSERT INTO change (recorded_at, user_id, api_key_id, application_id, entity, old, new)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: list_changes
-- A page. $1 application  $2 part of the entity's path, in any case  $3 user  $4 key  $5 from
-- $6 before  $7 with the old state  $8 newest first  $9 skipped  $10 at most; null leaves a filter out
SELECT
  change_id, recorded_at, user_id, api_key_id, application_id, entity, new,
  CASE WHEN $7::boolean THEN old END AS old
FROM change
WHERE ($1::int IS NULL OR application_id = $1)
  AND ($2::text IS NULL OR strpos(lower(entity), lower($2)) > 0)
  AND ($3::int IS NULL OR user_id = $3)
  AND ($4::int IS NULL OR api_key_id = $4)
  AND ($5::timestamptz IS NULL OR recorded_at > $5)
  AND ($6::timestamptz IS NULL OR recorded_at < $6)
ORDER BY CASE WHEN $8::boolean THEN change_id END DESC, change_id
OFFSET $9 LIMIT $10;

-- name: count_changes
-- $1 to $6 as in list_changes
SELECT count(*)
FROM change
WHERE ($1::int IS NULL OR application_id = $1)
  AND ($2::text IS NULL OR strpos(lower(entity), lower($2)) > 0)
  AND ($3::int IS NULL OR user_id = $3)
  AND ($4::int IS NULL OR api_key_id = $4)
  AND ($5::timestamptz IS NULL OR recorded_at > $5)
  AND ($6::timestamptz IS NULL OR recorded_at < $6);
