-- name: begin_second_factor
-- In place of one that was never confirmed; nothing comes back if there is one that was.
-- $1 user  $2 sealed secret  $3 now
INSERT INTO second_factor AS f (user_id, sealed_secret, begun_at)
VALUES ($1, $2, $3)
ON CONFLICT ON CONSTRAINT second_factor_pkey
DO UPDATE SET sealed_secret = excluded.sealed_secret, begun_at = excluded.begun_at, last_step = 0
WHERE f.confirmed_at IS NULL
RETURNING user_id;

-- name: find_second_factor
-- $1 user
SELECT
  sealed_secret,
  begun_at,
  confirmed_at
FROM second_factor
WHERE user_id = $1;

-- name: confirm_second_factor
-- $1 user  $2 now
UPDATE second_factor
SET confirmed_at = $2
WHERE user_id = $1 AND confirmed_at IS NULL;

-- name: use_step
-- Of two at once one finds the other's step there, and nothing comes back. $1 user  $2 step
UPDATE second_factor
SET last_step = $2
WHERE user_id = $1 AND last_step < $2
RETURNING user_id;

-- name: delete_second_factor
-- $1 user
DELETE FROM second_factor
WHERE user_id = $1;

-- name: insert_recovery_codes
-- $1 user  $2 digests
INSERT INTO recovery_code (user_id, code_digest)
SELECT
  $1,
  u.code_digest
FROM unnest($2::bytea[]) AS u (code_digest);

-- name: use_recovery_code
-- Whoever deletes it has used it. $1 user  $2 digest
DELETE FROM recovery_code
WHERE user_id = $1 AND code_digest = $2
RETURNING user_id;

-- name: count_recovery_codes
-- $1 user
SELECT count(*)
FROM recovery_code
WHERE user_id = $1;

-- name: delete_recovery_codes
-- $1 user
DELETE FROM recovery_code
WHERE user_id = $1;

-- name: insert_unfinished
-- $1 token digest  $2 user  $3 now  $4 expiry
INSERT INTO unfinished_sign_in (token_digest, user_id, created_at, expires_at)
VALUES ($1, $2, $3, $4);

-- name: find_unfinished
-- Who has begun to sign in. $1 token digest  $2 now
SELECT
  u.user_id,
  u.email
FROM unfinished_sign_in AS s
JOIN user_account AS u ON u.user_id = s.user_id
WHERE s.token_digest = $1 AND s.expires_at > $2 AND u.state = 'active';

-- name: take_unfinished
-- Whoever deletes it has used it. $1 token digest  $2 now
DELETE FROM unfinished_sign_in
WHERE token_digest = $1 AND expires_at > $2
RETURNING user_id;

-- name: delete_expired_unfinished
-- $1 now
DELETE FROM unfinished_sign_in
WHERE expires_at <= $1;
