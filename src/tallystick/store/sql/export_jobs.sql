-- Exports as jobs: the queue of files to be written, and the history of those that were.

-- name: insert_job
-- $1 export  $2 program  $3 kind  $4 wish  $5 format  $6 safe  $7 file name  $8 user  $9 key  $10 now
INSERT INTO export_job (
  export_id, program_id, kind, wish, format, safe, state, file_name, user_id, api_key_id, created_at
)
VALUES ($1, $2, $3, $4, $5, $6, 'writing', $7, $8, $9, $10);

-- name: find_job
-- $1 export  $2 program
SELECT *
FROM export_job
WHERE export_id = $1 AND program_id = $2;

-- name: list_jobs
-- A page, the newest first. $1 program  $2 skipped  $3 at most
SELECT *
FROM export_job
WHERE program_id = $1
ORDER BY export_id DESC
OFFSET $2 LIMIT $3;

-- name: list_writing
-- Those in the queue, the newest first, with who asked. $1 program
SELECT j.*, coalesce(nullif(u.name, ''), u.email, k.name, '') AS asked_by
FROM export_job j
LEFT JOIN user_account u USING (user_id)
LEFT JOIN api_key k USING (api_key_id)
WHERE j.program_id = $1 AND j.state = 'writing'
ORDER BY j.export_id DESC;

-- name: list_ended_after
-- Those that are over, the newest first, with who asked. $1 program  $2 after this one, or null
-- $3 at most
SELECT j.*, coalesce(nullif(u.name, ''), u.email, k.name, '') AS asked_by
FROM export_job j
LEFT JOIN user_account u USING (user_id)
LEFT JOIN api_key k USING (api_key_id)
WHERE j.program_id = $1 AND ($2::bigint IS NULL OR j.export_id < $2) AND j.state <> 'writing'
ORDER BY j.export_id DESC
LIMIT $3;

-- name: list_ended_before
-- The same backwards. $1 program  $2 before this one  $3 at most
SELECT j.*, coalesce(nullif(u.name, ''), u.email, k.name, '') AS asked_by
FROM export_job j
LEFT JOIN user_account u USING (user_id)
LEFT JOIN api_key k USING (api_key_id)
WHERE j.program_id = $1 AND j.export_id > $2::bigint AND j.state <> 'writing'
ORDER BY j.export_id
LIMIT $3;

-- name: count_jobs
-- $1 program
SELECT count(*)
FROM export_job
WHERE program_id = $1;

-- name: list_waiting
-- The queue: jobs that nobody works on, the oldest first. $1 now  $2 at most
SELECT export_id
FROM export_job
WHERE state = 'writing' AND (lease_until IS NULL OR lease_until <= $1::timestamptz)
ORDER BY export_id
LIMIT $2;

-- name: claim_job
-- The job, taken on; nothing if somebody else was faster. $1 job  $2 who  $3 now  $4 lease until
UPDATE export_job
SET lease_owner = $2, lease_until = $4, begun_at = $3, bytes_done = 0, rows_done = 0
WHERE export_id = $1 AND state = 'writing'
  AND (lease_until IS NULL OR lease_until <= $3::timestamptz)
RETURNING *;

-- name: renew_lease
-- Whether the job is still ours. $1 job  $2 who  $3 lease until  $4 bytes done  $5 rows done
UPDATE export_job
SET lease_until = $3, bytes_done = $4, rows_done = $5
WHERE export_id = $1 AND lease_owner = $2 AND lease_until IS NOT NULL
RETURNING export_id;

-- name: end_job
-- Whether the job was still ours to end. $1 job  $2 who  $3 now  $4 known at  $5 bytes  $6 rows
-- $7 SHA-256  $8 sums
UPDATE export_job
SET state = 'written', ended_at = $3, known_at = $4, bytes_done = $5, rows_done = $6,
  file_digest = $7, sums = $8, lease_owner = NULL, lease_until = NULL
WHERE export_id = $1 AND lease_owner = $2
RETURNING export_id;

-- name: fail_job
-- The same for one that cannot be done. $1 job  $2 who  $3 now  $4 failure
UPDATE export_job
SET state = 'failed', ended_at = $3, failure = $4, lease_owner = NULL, lease_until = NULL
WHERE export_id = $1 AND lease_owner = $2
RETURNING export_id;

-- name: give_back
-- Lets another process take the job on at once. $1 job  $2 who
UPDATE export_job
SET lease_owner = NULL, lease_until = NULL
WHERE export_id = $1 AND lease_owner = $2;

-- name: delete_job
-- Whoever works on it finds it gone. $1 job
DELETE FROM export_job
WHERE export_id = $1;

-- name: expire_jobs
-- The jobs whose files have been kept long enough. $1 ended before
UPDATE export_job
SET state = 'expired'
WHERE state = 'written' AND ended_at < $1::timestamptz
RETURNING export_id;

-- name: list_kept
-- The jobs that have a file, or will have one. $1 jobs
SELECT export_id
FROM export_job
WHERE export_id = ANY ($1::int[]) AND state IN ('writing', 'written');
