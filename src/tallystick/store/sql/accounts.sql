-- name: insert_user
-- $1 now  $2 email  $3 name  $4 password hash  $5 admin  $6 state
INSERT INTO user_account (created_at, email, name, password_hash, is_admin, state)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING user_id;

-- name: lock_users
-- Nobody else makes or changes users until the transaction ends; they can be read meanwhile.
LOCK TABLE user_account IN SHARE ROW EXCLUSIVE MODE;

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
  state, is_admin, theme, timezone, locale,
  EXISTS (
    SELECT FROM second_factor AS f
    WHERE f.user_id = user_account.user_id AND f.confirmed_at IS NOT NULL
  ) AS has_second_factor
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
  state, is_admin, theme, timezone, locale,
  EXISTS (
    SELECT FROM second_factor AS f
    WHERE f.user_id = user_account.user_id AND f.confirmed_at IS NOT NULL
  ) AS has_second_factor
FROM user_account
WHERE (user_id = $1 AND state <> 'deleted') OR (is_admin AND state = 'active')
ORDER BY user_id
FOR UPDATE;

-- name: lock_person
-- Until the transaction ends, nobody changes whether they have a second factor. $1 user
SELECT FROM user_account
WHERE user_id = $1
FOR NO KEY UPDATE;

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

-- name: find_password
-- $1 user
SELECT
  email,
  password_hash
FROM user_account
WHERE user_id = $1 AND state = 'active';

-- name: set_password
-- $1 user  $2 now  $3 password hash
UPDATE user_account
SET modified_at = $2, state = 'active', password_hash = $3
WHERE user_id = $1;

-- name: update_own_settings
-- $1 user  $2 now  $3 theme  $4 time zone  $5 locale
UPDATE user_account
SET modified_at = $2, theme = $3, timezone = $4, locale = $5
WHERE user_id = $1;

-- name: replace_link
-- $1 user  $2 token digest  $3 now  $4 expiry
INSERT INTO password_link (user_id, token_digest, created_at, expires_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT ON CONSTRAINT password_link_pkey
DO UPDATE SET
  token_digest = excluded.token_digest,
  created_at = excluded.created_at,
  expires_at = excluded.expires_at;

-- name: find_link
-- Who may use it. $1 token digest  $2 now
SELECT
  u.user_id,
  u.email,
  u.name,
  u.state,
  EXISTS (
    SELECT FROM second_factor AS f
    WHERE f.user_id = u.user_id AND f.confirmed_at IS NOT NULL
  ) AS has_second_factor
FROM password_link AS l
JOIN user_account AS u ON u.user_id = l.user_id
WHERE l.token_digest = $1 AND l.expires_at > $2 AND u.state IN ('invited', 'active');

-- name: take_link
-- Whoever deletes it has used it. $1 token digest  $2 now
DELETE FROM password_link
WHERE token_digest = $1 AND expires_at > $2
RETURNING user_id;

-- name: delete_link
-- $1 user
DELETE FROM password_link
WHERE user_id = $1;
