-- Who belongs to a program, and since when.

-- name: find_join_dates
-- Since when a holder belongs to programs, by program; what is derived counts once it has come.
-- $1 holder  $2 only this program, or null  $3 now
SELECT
  program_id,
  joined_at
FROM join_date
WHERE holder_id = $1
  AND ($2::int IS NULL OR program_id = $2)
  AND (NOT derived OR joined_at <= $3::timestamptz)
ORDER BY program_id;

-- name: insert_membership
-- Nothing comes back if there is a date already. $1 holder  $2 program  $3 now
INSERT INTO membership AS m (holder_id, program_id, joined_at)
VALUES ($1, $2, $3)
ON CONFLICT (holder_id, program_id) DO NOTHING
RETURNING holder_id;

-- name: create_staging
-- The rows of this import, gone with the transaction.
CREATE TEMPORARY TABLE join_date_row (
  line int NOT NULL,
  holder_id uuid NOT NULL,
  integration_id text NOT NULL,
  joined_at timestamptz NOT NULL
) ON COMMIT DROP;

-- name: analyze_staging
ANALYZE join_date_row (holder_id);

-- name: count_staged
SELECT count(*)
FROM join_date_row;

-- name: staged_strangers
-- Lines about profiles that are not there, with how many there are in all. $1 at most
SELECT
  r.line,
  r.integration_id,
  count(*) OVER () AS in_all
FROM join_date_row AS r
LEFT JOIN holder AS h ON h.holder_id = r.holder_id
WHERE h.holder_id IS NULL
ORDER BY r.line
LIMIT $1::int;

-- name: staged_twice
-- Lines about a profile that an earlier line is about, with how many there are in all. $1 at most
SELECT
  line,
  integration_id,
  first_line,
  count(*) OVER () AS in_all
FROM (
  SELECT
    holder_id,
    line,
    integration_id,
    min(line) OVER (PARTITION BY holder_id) AS first_line
  FROM join_date_row
) AS r
WHERE line > first_line
ORDER BY line
LIMIT $1::int;

-- name: enter_staged
-- The date of a line takes the place of one that was set before. $1 program
INSERT INTO membership AS m (holder_id, program_id, joined_at)
SELECT
  holder_id,
  $1::int,
  joined_at
FROM join_date_row
ORDER BY holder_id
ON CONFLICT (holder_id, program_id) DO UPDATE
SET joined_at = excluded.joined_at;

-- name: insert_import
-- The id of a new import. $1 program  $2 user  $3 now  $4 file name  $5 SHA-256  $6 rows
INSERT INTO join_date_import (
  program_id, user_id, recorded_at, file_name, file_digest, row_count
)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING import_id;

-- name: copy_join_dates
-- A line per member who has joined, by holder, in the columns of the contract; for COPY.
-- slice: the whole program is asked for, so it reads every holder
-- $1 program  $2 now
SELECT
  $1::int AS "loyaltyProgramID",
  h.integration_id AS "profileIntegrationID",
  to_char(j.joined_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
    || rtrim(rtrim(to_char(j.joined_at AT TIME ZONE 'UTC', '.US'), '0'), '.') || 'Z' AS "joinDate"
FROM join_date AS j
JOIN holder AS h ON h.holder_id = j.holder_id
WHERE j.program_id = $1 AND (NOT j.derived OR j.joined_at <= $2::timestamptz)
ORDER BY h.integration_id COLLATE "C", h.holder_id;
