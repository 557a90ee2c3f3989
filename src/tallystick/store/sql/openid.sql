-- name: delete_expired_starts
-- $1 now
DELETE FROM openid_start
WHERE expires_at <= $1;

-- name: count_starts
-- Those from one address that are still good. $1 address, or null for those without one
SELECT count(*)
FROM openid_start
WHERE address IS NOT DISTINCT FROM $1;

-- name: insert_start
-- $1 state digest  $2 browser digest  $3 user, or null  $4 way on  $5 address  $6 expiry
INSERT INTO openid_start (state_digest, browser_digest, user_id, way_on, address, expires_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: take_start
-- Whoever deletes it has used it. $1 state digest  $2 browser digest  $3 now
DELETE FROM openid_start
WHERE state_digest = $1 AND browser_digest = $2 AND expires_at > $3
RETURNING user_id, way_on;

-- name: find_identity
-- Whose it is. $1 issuer  $2 subject
SELECT user_id
FROM identity
WHERE issuer = $1 AND subject = $2;

-- name: list_identities
-- $1 user
SELECT
  issuer,
  subject,
  email,
  connected_at
FROM identity
WHERE user_id = $1
ORDER BY connected_at, issuer;

-- name: insert_identity
-- $1 user  $2 issuer  $3 subject  $4 email  $5 now
INSERT INTO identity (user_id, issuer, subject, email, connected_at)
VALUES ($1, $2, $3, $4, $5);

-- name: delete_identities
-- All of a user, or that of one issuer. $1 user  $2 issuer, or null for all
DELETE FROM identity
WHERE user_id = $1 AND ($2::text IS NULL OR issuer = $2);
