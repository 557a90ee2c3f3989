-- Imports as jobs: the queue of work on uploaded files, and the history of imports.

-- name: insert_job
-- The id of a new job. $1 program  $2 format  $3 state  $4 good rows only  $5 file name  $6 bytes
-- $7 SHA-256  $8 user  $9 key  $10 now
INSERT INTO import_job (
  program_id, format, state, good_rows_only, file_name, file_bytes, file_digest, file_kept,
  user_id, api_key_id, created_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, true, $8, $9, $10)
RETURNING import_id;

-- name: insert_imported
-- The id of an import that is made in one go. $1 program  $2 format  $3 file name  $4 bytes
-- $5 SHA-256  $6 user  $7 key  $8 now  $9 rows  $10 amount  $11 problems
INSERT INTO import_job (
  program_id, format, state, file_name, file_bytes, file_digest, file_kept, user_id, api_key_id,
  created_at, begun_at, ended_at, row_count, amount, problem_count
)
VALUES ($1, $2, 'imported', $3, $4, $5, false, $6, $7, $8, $8, $8, $9, $10, $11)
RETURNING import_id;

-- name: find_job
-- $1 import  $2 programs of which it may be
SELECT *
FROM import_job
WHERE import_id = $1 AND program_id = ANY ($2::int[]);

-- name: list_jobs
-- A page, the newest first. $1 program  $2 skipped  $3 at most
SELECT *
FROM import_job
WHERE program_id = $1
ORDER BY import_id DESC
OFFSET $2 LIMIT $3;

-- name: count_jobs
-- $1 program
SELECT count(*)
FROM import_job
WHERE program_id = $1;

-- name: list_at_work
-- The jobs of a program that wait for their turn or are worked on, the oldest first. $1 program
SELECT import_id
FROM import_job
WHERE program_id = $1 AND state IN ('checking', 'importing', 'undoing')
ORDER BY import_id;

-- name: list_older
-- The jobs of a program that are at rest, the newest first. $1 program  $2 format, or null for all
-- $3 older than this job, or null for all  $4 at most
SELECT import_id
FROM import_job
WHERE program_id = $1
  AND ($2::text IS NULL OR format = $2)
  AND ($3::bigint IS NULL OR import_id < $3)
  AND state NOT IN ('checking', 'importing', 'undoing')
ORDER BY import_id DESC
LIMIT $4;

-- name: list_newer
-- The same backwards from a job on. $1 program  $2 format, or null for all  $3 newer than this job
-- $4 at most
SELECT import_id
FROM import_job
WHERE program_id = $1
  AND ($2::text IS NULL OR format = $2)
  AND import_id > $3::bigint
  AND state NOT IN ('checking', 'importing', 'undoing')
ORDER BY import_id
LIMIT $4;

-- name: list_records
-- Jobs with who sent the file and their undo. $1 program  $2 imports
SELECT
  j.*,
  coalesce(nullif(p.name, ''), p.email) AS person,
  k.name AS key_name,
  u.recorded_at AS undone_at,
  u.amount AS taken_back
FROM import_job AS j
LEFT JOIN user_account AS p ON p.user_id = j.user_id
LEFT JOIN api_key AS k ON k.api_key_id = j.api_key_id
LEFT JOIN import_undo AS u ON u.import_id = j.import_id
WHERE j.program_id = $1 AND j.import_id = ANY ($2::int[]);

-- name: find_twins
-- The imports of the same file into the program, by content, the first ones. $1 program  $2 SHA-256
-- $3 format  $4 at most
SELECT import_id
FROM import_job
WHERE file_digest = $2 AND program_id = $1 AND format = $3 AND state = 'imported'
ORDER BY import_id
LIMIT $4;

-- name: queue_job
-- Puts a job into the queue, if its state allows; the id comes back. $1 import  $2 new state
-- $3 states that allow it  $4 good rows only  $5 below zero  $6 the request by which it waits, or null
-- A check leaves a request as it is, all else ends the waiting.
UPDATE import_job
SET state = $2, good_rows_only = $4, below_zero = $5, failure = NULL, begun_at = NULL,
  ended_at = NULL, bytes_done = 0, rows_done = 0, lease_owner = NULL, lease_until = NULL,
  approval_id = CASE $2 WHEN 'checking' THEN approval_id END
WHERE import_id = $1 AND state = ANY ($3::text[])
  AND ($2 = 'checking' OR approval_id IS NOT DISTINCT FROM $6::int)
RETURNING import_id;

-- name: hold_job
-- Lets a job wait for approval, if its state allows and it does not yet; the id comes back. $1 import
-- $2 states that allow it  $3 the request
UPDATE import_job
SET approval_id = $3
WHERE import_id = $1 AND state = ANY ($2::text[]) AND approval_id IS NULL
RETURNING import_id;

-- name: release_job
-- Lets a job wait no longer. $1 import  $2 the request
UPDATE import_job
SET approval_id = NULL
WHERE import_id = $1 AND approval_id = $2;

-- name: list_waiting
-- The queue: jobs that nobody works on, the oldest first. $1 now  $2 at most
SELECT import_id
FROM import_job
WHERE state IN ('checking', 'importing', 'undoing')
  AND (lease_until IS NULL OR lease_until <= $1::timestamptz)
ORDER BY import_id
LIMIT $2;

-- name: claim_job
-- The job, taken on; nothing if somebody else was faster. $1 import  $2 who  $3 now  $4 lease until
UPDATE import_job
SET lease_owner = $2, lease_until = $4, begun_at = $3, bytes_done = 0, rows_done = 0
WHERE import_id = $1
  AND state IN ('checking', 'importing', 'undoing')
  AND (lease_until IS NULL OR lease_until <= $3::timestamptz)
RETURNING *;

-- name: renew_lease
-- Whether the job is still ours. $1 import  $2 who  $3 lease until  $4 bytes done  $5 rows done
UPDATE import_job
SET lease_until = $3, bytes_done = $4, rows_done = $5
WHERE import_id = $1 AND lease_owner = $2 AND lease_until IS NOT NULL
RETURNING import_id;

-- name: end_job
-- Whether the job was still ours to end. $1 import  $2 who  $3 new state  $4 now  $5 finding or null
-- $6 failure or null  $7 rows or null  $8 amount or null  $9 problems or null
UPDATE import_job
SET state = $3, ended_at = $4, bytes_done = file_bytes, finding = coalesce($5::jsonb, finding),
  failure = $6, row_count = coalesce($7, row_count), amount = coalesce($8, amount),
  problem_count = coalesce($9, problem_count), lease_owner = NULL, lease_until = NULL
WHERE import_id = $1 AND lease_owner = $2
RETURNING import_id;

-- name: give_back
-- Lets another process take the job on at once. $1 import  $2 who
UPDATE import_job
SET lease_owner = NULL, lease_until = NULL
WHERE import_id = $1 AND lease_owner = $2;

-- name: delete_job
-- The id, if the job was never imported, nobody works on it and it does not wait for approval. $1 import
DELETE FROM import_job
WHERE import_id = $1 AND state IN ('uploaded', 'checked', 'failed') AND approval_id IS NULL
RETURNING import_id;

-- name: list_old_files
-- Jobs that are at rest, whose files have been kept long enough. $1 made before
SELECT import_id
FROM import_job
WHERE file_kept AND created_at < $1::timestamptz
  AND state NOT IN ('checking', 'importing', 'undoing');

-- name: forget_file
-- $1 import
UPDATE import_job
SET file_kept = false
WHERE import_id = $1;
