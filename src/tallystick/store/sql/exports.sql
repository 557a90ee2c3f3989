-- name: insert_export
-- $1 now  $2 user  $3 key  $4 program  $5 entity  $6 filter
INSERT INTO data_export (recorded_at, user_id, api_key_id, program_id, entity, filter)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: list_exports
-- A page. $1 entity, or null  $2 skipped  $3 at most
SELECT
  export_id,
  recorded_at,
  user_id,
  program_id,
  entity,
  filter
FROM data_export
WHERE $1::text IS NULL OR entity = $1
ORDER BY export_id
OFFSET $2 LIMIT $3;

-- name: count_exports
-- $1 entity, or null
SELECT count(*)
FROM data_export
WHERE $1::text IS NULL OR entity = $1;
