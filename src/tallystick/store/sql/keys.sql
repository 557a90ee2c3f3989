-- A management key is disabled while whoever made it is no admin, or cannot sign in; an integration
-- key is not.

-- name: insert_key
-- $1 now  $2 expiry  $3 kind  $4 name  $5 sandbox  $6 digest  $7 application  $8 user  $9 endpoints  $10 applications
INSERT INTO api_key (
  created_at, expires_at, kind, name, sandbox, key_digest, application_id, user_id, endpoints,
  allowed_application_ids
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
RETURNING api_key_id;

-- name: find_key
-- The key that works. $1 digest  $2 now
SELECT
  k.api_key_id, k.kind, k.name, k.created_at, k.expires_at, k.sandbox, k.application_id, k.user_id,
  k.endpoints, k.allowed_application_ids, k.used_at, false AS disabled
FROM api_key AS k
LEFT JOIN user_account AS u ON u.user_id = k.user_id
WHERE k.key_digest = $1 AND k.expires_at > $2
  AND (k.kind = 'integration' OR k.user_id IS NULL OR (u.is_admin AND u.state = 'active'));

-- name: list_keys
-- $1 kind, or null for all keys  $2 application, or null for those without
SELECT
  k.api_key_id, k.kind, k.name, k.created_at, k.expires_at, k.sandbox, k.application_id, k.user_id,
  k.endpoints, k.allowed_application_ids, k.used_at,
  k.kind = 'management' AND k.user_id IS NOT NULL AND NOT (u.is_admin AND u.state = 'active')
    AS disabled
FROM api_key AS k
LEFT JOIN user_account AS u ON u.user_id = k.user_id
WHERE $1::text IS NULL OR (k.kind = $1 AND k.application_id IS NOT DISTINCT FROM $2::int)
ORDER BY k.api_key_id;

-- name: delete_key
-- The same columns of the one that is gone. $1 to $2 as in list_keys  $3 key
DELETE FROM api_key AS k
WHERE k.api_key_id = $3
  AND ($1::text IS NULL OR (k.kind = $1 AND k.application_id IS NOT DISTINCT FROM $2::int))
RETURNING
  k.api_key_id, k.kind, k.name, k.created_at, k.expires_at, k.sandbox, k.application_id, k.user_id,
  k.endpoints, k.allowed_application_ids, k.used_at, false AS disabled;

-- name: note_use
-- $1 key  $2 now
UPDATE api_key
SET used_at = $2
WHERE api_key_id = $1;
