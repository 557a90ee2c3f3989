-- name: insert_user
-- $1 now  $2 email  $3 name  $4 password hash  $5 admin
INSERT INTO user_account (created_at, email, name, password_hash, is_admin)
VALUES ($1, $2, $3, $4, $5)
RETURNING user_id;

-- name: has_users
SELECT EXISTS (SELECT FROM user_account);

-- name: find_user
-- $1 email, in whatever case
SELECT
  user_id,
  password_hash
FROM user_account
WHERE lower(email) = lower($1);

-- name: insert_session
-- $1 token digest  $2 user  $3 now  $4 expiry
INSERT INTO user_session (token_digest, user_id, created_at, expires_at)
VALUES ($1, $2, $3, $4);

-- name: delete_session
-- $1 token digest
DELETE FROM user_session
WHERE token_digest = $1;

-- name: delete_expired_sessions
-- $1 now
DELETE FROM user_session
WHERE expires_at <= $1;

-- name: find_session
-- The user who is signed in with this token. $1 token digest  $2 now
SELECT
  u.user_id,
  u.email,
  u.is_admin
FROM user_session AS s
JOIN user_account AS u ON u.user_id = s.user_id
WHERE s.token_digest = $1 AND s.expires_at > $2;

-- name: insert_key
-- $1 now  $2 expiry  $3 kind  $4 name  $5 sandbox  $6 digest
INSERT INTO api_key (created_at, expires_at, kind, name, sandbox, key_digest)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING api_key_id;

-- name: find_key
-- $1 digest  $2 now
SELECT
  api_key_id,
  kind,
  name,
  sandbox
FROM api_key
WHERE key_digest = $1 AND expires_at > $2;
