-- name: ensure_failures
-- $1 subjects
INSERT INTO sign_in_failure (subject_digest, failures, last_at, refused_until)
SELECT
  u.subject_digest,
  0,
  '1970-01-01 00:00+00',
  '1970-01-01 00:00+00'
FROM unnest($1::bytea[]) AS u (subject_digest)
ORDER BY u.subject_digest
ON CONFLICT ON CONSTRAINT sign_in_failure_pkey DO NOTHING;

-- name: lock_failures
-- In one order, so that two attempts cannot wait for each other. $1 subjects
SELECT
  subject_digest,
  failures,
  last_at,
  refused_until
FROM sign_in_failure
WHERE subject_digest = ANY ($1::bytea[])
ORDER BY subject_digest
FOR UPDATE;

-- name: update_failures
-- $1 subjects  $2 failures  $3 instants of the last ones  $4 refused until, row by row
UPDATE sign_in_failure AS f
SET failures = u.failures, last_at = u.last_at, refused_until = u.refused_until
FROM unnest($1::bytea[], $2::int[], $3::timestamptz[], $4::timestamptz[])
  AS u (subject_digest, failures, last_at, refused_until)
WHERE f.subject_digest = u.subject_digest;

-- name: forget_failures
-- $1 subject
DELETE FROM sign_in_failure
WHERE subject_digest = $1;

-- name: forget_old_failures
-- $1 before this instant
DELETE FROM sign_in_failure
WHERE last_at < $1 AND refused_until < $1;
