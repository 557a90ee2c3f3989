-- name: insert_export
-- The id of a new export. $1 now  $2 user  $3 key  $4 program  $5 entity  $6 filter
INSERT INTO data_export (recorded_at, user_id, api_key_id, program_id, entity, filter)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING export_id;

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

-- name: list_open
-- The transactions of Tallystick that are open beside this one, and for how long they have been. What
-- they will commit cannot be seen yet. Transactions that write a file are named differently.
SELECT
  a.pid,
  a.xact_start,
  self.query_start - a.xact_start AS age
FROM pg_stat_activity AS a
JOIN pg_stat_activity AS self ON self.pid = pg_backend_pid()
WHERE a.datname = current_database()
  AND a.application_name = 'tallystick'
  AND a.pid <> self.pid
  AND a.xact_start <= self.query_start
ORDER BY a.xact_start;

-- name: holder_bytes
-- How large the table of all holders is, which tells without counting how many there may be.
-- slice: it looks at the size of the table alone
SELECT pg_relation_size('holder');
