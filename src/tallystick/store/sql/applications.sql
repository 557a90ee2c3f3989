-- name: insert_application
-- $1 now  $2 name  $3 description  $4 time zone  $5 currency  $6 case sensitivity  $7 sandbox
INSERT INTO application (
  created_at, modified_at, name, description, timezone, currency, case_sensitivity, sandbox
)
VALUES ($1, $1, $2, $3, $4, $5, $6, $7)
RETURNING application_id;

-- name: list_applications
-- A page. $1 only these, or null  $2 how to sort  $3 skipped  $4 at most
SELECT
  application_id, created_at, modified_at, name, description, timezone, currency,
  case_sensitivity, sandbox
FROM application
WHERE $1::int[] IS NULL OR application_id = ANY ($1)
ORDER BY
  CASE $2::text WHEN 'name' THEN lower(name) END,
  CASE $2 WHEN '-name' THEN lower(name) END DESC,
  CASE $2 WHEN 'created' THEN created_at WHEN 'modified' THEN modified_at END,
  CASE $2 WHEN '-created' THEN created_at WHEN '-modified' THEN modified_at END DESC,
  CASE $2 WHEN '-id' THEN application_id END DESC,
  application_id
OFFSET $3 LIMIT $4;

-- name: count_applications
-- $1 only these, or null
SELECT count(*)
FROM application
WHERE $1::int[] IS NULL OR application_id = ANY ($1);
