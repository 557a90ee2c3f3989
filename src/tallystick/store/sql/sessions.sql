-- name: insert_session
-- $1 token digest  $2 user  $3 kind  $4 now  $5 expiry  $6 address  $7 user agent
INSERT INTO user_session (
  token_digest, user_id, kind, created_at, seen_at, expires_at, address, user_agent
)
VALUES ($1, $2, $3, $4, $4, $5, $6, $7);

-- name: delete_expired_sessions
-- $1 now
DELETE FROM user_session
WHERE expires_at <= $1;

-- name: find_session
-- The user who is signed in with this token. $1 token digest  $2 now
SELECT
  u.user_id,
  u.email,
  u.is_admin,
  s.session_id,
  s.kind,
  s.created_at,
  s.seen_at
FROM user_session AS s
JOIN user_account AS u ON u.user_id = s.user_id
WHERE s.token_digest = $1 AND s.expires_at > $2 AND u.state = 'active';

-- name: see_session
-- $1 session  $2 now  $3 expiry
UPDATE user_session
SET seen_at = $2, expires_at = $3
WHERE session_id = $1 AND seen_at < $2;

-- name: list_sessions
-- $1 user  $2 now
SELECT
  session_id,
  kind,
  created_at,
  seen_at,
  expires_at,
  address,
  user_agent
FROM user_session
WHERE user_id = $1 AND expires_at > $2
ORDER BY seen_at DESC, session_id DESC;

-- name: delete_session
-- Whose it was. $1 token digest
DELETE FROM user_session
WHERE token_digest = $1
RETURNING user_id;

-- name: delete_user_session
-- $1 user  $2 session
DELETE FROM user_session
WHERE user_id = $1 AND session_id = $2
RETURNING session_id;

-- name: delete_user_sessions
-- All but one, null for all. $1 user  $2 session that stays
DELETE FROM user_session
WHERE user_id = $1 AND session_id IS DISTINCT FROM $2::int
RETURNING session_id;

-- name: delete_unfinished
-- $1 user
DELETE FROM unfinished_sign_in
WHERE user_id = $1;
