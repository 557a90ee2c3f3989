-- name: insert_user
-- $1 now  $2 email  $3 name  $4 password hash  $5 admin
INSERT INTO user_account (created_at, email, name, password_hash, is_admin)
VALUES ($1, $2, $3, $4, $5)
RETURNING user_id;

-- name: has_users
SELECT EXISTS (SELECT FROM user_account);

-- name: find_user
-- Who may sign in. $1 email, in whatever case
SELECT
  user_id,
  password_hash
FROM user_account
WHERE lower(email) = lower($1) AND state = 'active';

-- name: list_users
-- A page of those who are not deleted. $1 only this one, or null  $2 how to sort  $3 skipped  $4 at most
SELECT
  user_id, created_at, coalesce(modified_at, created_at) AS modified_at, signed_in_at, email, name,
  state, is_admin
FROM user_account
WHERE state <> 'deleted' AND ($1::int IS NULL OR user_id = $1)
ORDER BY
  CASE $2::text WHEN 'name' THEN lower(name) WHEN 'email' THEN lower(email) END,
  CASE $2 WHEN '-name' THEN lower(name) WHEN '-email' THEN lower(email) END DESC,
  CASE $2
    WHEN 'created' THEN created_at WHEN 'modified' THEN coalesce(modified_at, created_at)
  END,
  CASE $2
    WHEN '-created' THEN created_at WHEN '-modified' THEN coalesce(modified_at, created_at)
  END DESC,
  CASE $2 WHEN '-id' THEN user_id END DESC,
  user_id
OFFSET $3 LIMIT $4;

-- name: count_users
-- $1 only this one, or null
SELECT count(*)
FROM user_account
WHERE state <> 'deleted' AND ($1::int IS NULL OR user_id = $1);

-- name: find_user_id
-- $1 email, in whatever case
SELECT user_id
FROM user_account
WHERE lower(email) = lower($1) AND state <> 'deleted';

-- name: lock_user
-- The user, unless deleted, together with all admins who can sign in: who they are stands still then. $1 user
SELECT
  user_id, created_at, coalesce(modified_at, created_at) AS modified_at, signed_in_at, email, name,
  state, is_admin
FROM user_account
WHERE (user_id = $1 AND state <> 'deleted') OR (is_admin AND state = 'active')
ORDER BY user_id
FOR UPDATE;

-- name: update_user
-- $1 user  $2 now  $3 name  $4 state  $5 admin
UPDATE user_account
SET modified_at = $2, name = $3, state = $4, is_admin = $5
WHERE user_id = $1;

-- name: delete_user
-- The row stays as the one who once acted, without the password. $1 user  $2 now
UPDATE user_account
SET modified_at = $2, state = 'deleted', password_hash = ''
WHERE user_id = $1;

-- name: note_sign_in
-- $1 user  $2 now
UPDATE user_account
SET signed_in_at = $2
WHERE user_id = $1;

-- name: insert_session
-- $1 token digest  $2 user  $3 now  $4 expiry
INSERT INTO user_session (token_digest, user_id, created_at, expires_at)
VALUES ($1, $2, $3, $4);

-- name: delete_session
-- Whose it was. $1 token digest
DELETE FROM user_session
WHERE token_digest = $1
RETURNING user_id;

-- name: delete_user_sessions
-- $1 user
DELETE FROM user_session
WHERE user_id = $1;

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
WHERE s.token_digest = $1 AND s.expires_at > $2 AND u.state = 'active';
