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
  joined_at timestamptz NOT NULL,
  first_line int,
  is_stranger boolean NOT NULL DEFAULT false
) ON COMMIT DROP;

-- name: analyze_staging
ANALYZE join_date_row (holder_id);

-- name: count_staged
SELECT count(*)
FROM join_date_row;

-- name: mark_faults
-- Marks the staged lines about profiles that are not there, and those about a profile that an earlier
-- line is about, which is then named.
UPDATE join_date_row AS r
SET is_stranger = f.is_stranger, first_line = nullif(f.first_line, r.line)
FROM (
  SELECT
    d.line,
    h.holder_id IS NULL AS is_stranger,
    min(d.line) OVER (PARTITION BY d.holder_id) AS first_line
  FROM join_date_row AS d
  LEFT JOIN holder AS h ON h.holder_id = d.holder_id
) AS f
WHERE f.line = r.line AND (f.is_stranger OR f.line > f.first_line);

-- name: take_faults
-- Takes the next of the marked lines out. $1 at most
DELETE FROM join_date_row
WHERE line IN (
  SELECT line
  FROM join_date_row
  WHERE is_stranger OR first_line IS NOT NULL
  ORDER BY line
  LIMIT $1::int
)
RETURNING line, integration_id, is_stranger, first_line;

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
-- $1 import  $2 program  $3 user  $4 now  $5 file name  $6 SHA-256  $7 rows
INSERT INTO join_date_import (
  import_id, program_id, user_id, recorded_at, file_name, file_digest, row_count
)
VALUES ($1, $2, $3, $4, $5, $6, $7);

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
