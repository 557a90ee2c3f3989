-- The answers to writes that came with an Idempotency-Key, but for postings, which keep theirs with
-- the member.

-- name: claim_key
-- The key is now this request's, unless it was somebody's before. $1 owner  $2 key  $3 now
-- $4 fingerprint
INSERT INTO kept_answer (owner, key, recorded_at, fingerprint)
VALUES ($1, $2, $3, $4)
ON CONFLICT (owner, key) DO NOTHING
RETURNING key;

-- name: find_answer
-- $1 owner  $2 key
SELECT
  recorded_at,
  fingerprint,
  status,
  body
FROM kept_answer
WHERE owner = $1 AND key = $2;

-- name: keep_answer
-- $1 owner  $2 key  $3 status  $4 body, null if it is shown only once
UPDATE kept_answer
SET status = $3, body = $4
WHERE owner = $1 AND key = $2;

-- name: free_key
-- $1 owner  $2 key
DELETE FROM kept_answer
WHERE owner = $1 AND key = $2;

-- name: delete_old_answers
-- $1 before
DELETE FROM kept_answer
WHERE recorded_at < $1;
