-- Four eyes: what waits in a program, the requests, and what became of them.

-- part: requests
-- Requests with who asked and what became of them.
SELECT
  a.*, d.decided_by, d.verdict, d.note, d.decided_at, d.transaction_uuids,
  coalesce(nullif(p.name, ''), p.email) AS person,
  k.name AS key_name,
  coalesce(nullif(q.name, ''), q.email) AS decider
FROM approval AS a
LEFT JOIN approval_decision AS d ON d.approval_id = a.approval_id
LEFT JOIN user_account AS p ON p.user_id = a.asked_by
LEFT JOIN user_account AS q ON q.user_id = d.decided_by
LEFT JOIN api_key AS k ON k.api_key_id = a.api_key_id

-- name: find_four_eyes
-- What waits in programs; one that was never asked to let anything wait is left out. $1 programs
SELECT program_id, imports_wait, points_from
FROM four_eyes
WHERE program_id = ANY ($1::int[]);

-- name: upsert_four_eyes
-- $1 program  $2 whether imports wait  $3 from how many points changes by hand do, or null
INSERT INTO four_eyes (program_id, imports_wait, points_from)
VALUES ($1, $2, $3)
ON CONFLICT (program_id)
DO UPDATE SET imports_wait = $2, points_from = $3;

-- name: delete_four_eyes
-- $1 program
DELETE FROM four_eyes
WHERE program_id = $1;

-- name: insert_approval
-- The number of a new request. $1 program  $2 kind  $3 wish  $4 user or null  $5 key or null  $6 now
-- Behind a key is whoever made it.
INSERT INTO approval (program_id, kind, wish, asked_by, api_key_id, asked_at)
SELECT
  $1, $2, $3::jsonb, coalesce($4::int, k.user_id, 0), $5::int, $6::timestamptz
FROM (VALUES ($5::int)) AS asker (api_key_id)
LEFT JOIN api_key AS k ON k.api_key_id = asker.api_key_id
RETURNING approval_id;

-- name: lock_approval
-- Whether it still waits, locked until it is decided. $1 program  $2 approval
SELECT waits
FROM approval
WHERE program_id = $1 AND approval_id = $2
FOR UPDATE;

-- name: insert_decision
-- $1 approval  $2 who asked, or 0  $3 who decides, or 0  $4 verdict  $5 note  $6 now  $7 transactions
INSERT INTO approval_decision (
  approval_id, asked_by, decided_by, verdict, note, decided_at, transaction_uuids
)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: end_waiting
-- $1 approval
UPDATE approval
SET waits = false
WHERE approval_id = $1;

-- name: find_approval
-- A request with who asked and what became of it. $1 program  $2 approval
{requests}
WHERE a.program_id = $1 AND a.approval_id = $2;

-- name: list_older
-- The same of several, the newest first. $1 program  $2 kinds  $3 states  $4 older than this one, or
-- null for all  $5 skipped  $6 at most
{requests}
WHERE a.program_id = $1
  AND a.kind = ANY ($2::text[])
  AND coalesce(d.verdict, 'waiting') = ANY ($3::text[])
  AND ($4::bigint IS NULL OR a.approval_id < $4)
ORDER BY a.approval_id DESC
OFFSET $5 LIMIT $6;

-- name: list_newer
-- The same backwards from one on. $1 program  $2 kinds  $3 states  $4 newer than this one
-- $5 at most
{requests}
WHERE a.program_id = $1
  AND a.kind = ANY ($2::text[])
  AND coalesce(d.verdict, 'waiting') = ANY ($3::text[])
  AND a.approval_id > $4::bigint
ORDER BY a.approval_id
LIMIT $5;

-- name: count_approvals
-- How many there are on all pages. $1 program  $2 kinds  $3 states
SELECT count(*)
FROM approval AS a
LEFT JOIN approval_decision AS d ON d.approval_id = a.approval_id
WHERE a.program_id = $1
  AND a.kind = ANY ($2::text[])
  AND coalesce(d.verdict, 'waiting') = ANY ($3::text[]);

-- name: list_waiting
-- Those that wait, the oldest first. $1 program  $2 kinds  $3 at most
{requests}
WHERE a.program_id = $1 AND a.waits AND a.kind = ANY ($2::text[])
ORDER BY a.approval_id
LIMIT $3;

-- name: count_waiting
-- Whether anything was ever asked to wait, and how many requests wait for somebody. $1 program
-- $2 kinds that they decide  $3 who they are
SELECT
  EXISTS (
    SELECT
    FROM four_eyes AS f
    WHERE f.program_id = $1
  ) AS is_known,
  (
    SELECT count(*)
    FROM approval AS a
    WHERE a.program_id = $1 AND a.waits AND a.kind = ANY ($2::text[]) AND a.asked_by <> $3::int
  ) AS waiting;

-- name: find_waiting_settings
-- The request to let less wait that is not decided yet. $1 program
SELECT approval_id
FROM approval
WHERE program_id = $1 AND waits AND kind = 'settings'
LIMIT 1;

-- name: find_by_transaction
-- Which approval has posted a transaction. $1 transaction
SELECT approval_id
FROM approval_decision
WHERE transaction_uuids @> ARRAY[$1::uuid];

-- name: count_deciders
-- How many people could decide on imports of a program, and on points. $1 program
SELECT
  count(*) FILTER (WHERE u.is_admin) AS admins,
  count(*) FILTER (WHERE u.is_admin OR r.role = 'manager') AS managers
FROM user_account AS u
LEFT JOIN program_role AS r ON r.user_id = u.user_id AND r.program_id = $1
WHERE u.state = 'active';
