-- An import of points: its rows are staged, checked as a whole, and entered set by set in one
-- transaction. Members without debts need no decision of the core: an addition is a transaction and
-- a lot. Members in debt are settled afterwards, member by member (services/imports.py).

-- name: take_turn
-- Imports are applied one after the other, so that they take their locks in no particular order.
LOCK TABLE point_import IN SHARE ROW EXCLUSIVE MODE;

-- name: create_staging
-- The rows of this import, gone with the transaction. start_at NULL is "immediate".
CREATE TEMPORARY TABLE import_row (
  line int NOT NULL,
  holder_id uuid NOT NULL,
  integration_id text NOT NULL,
  amount bigint NOT NULL,
  start_at timestamptz,
  expires_at timestamptz NOT NULL,
  shown_expires_at timestamptz NOT NULL,
  subledger text NOT NULL,
  name text NOT NULL,
  validity text
) ON COMMIT DROP;

-- name: analyze_staging
ANALYZE import_row (holder_id, subledger);

-- name: sum_staging
SELECT
  count(*) AS row_count,
  coalesce(sum(amount), 0)::bigint AS amount
FROM import_row;

-- name: list_staged_subledgers
SELECT DISTINCT subledger
FROM import_row;

-- name: insert_import
-- $1 import  $2 program  $3 user  $4 now  $5 file name  $6 SHA-256  $7 rows  $8 amount
INSERT INTO point_import (
  import_id, program_id, user_id, recorded_at, file_name, file_digest, row_count, amount
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: insert_staged_holders
-- Makes the members that are missing. $1 now  $2 sandbox
INSERT INTO holder AS h (holder_id, created_at, last_at, sandbox, integration_id)
SELECT DISTINCT ON (holder_id)
  holder_id,
  $1::timestamptz,
  $1::timestamptz,
  $2::boolean,
  integration_id
FROM import_row
ORDER BY holder_id
ON CONFLICT (holder_id) DO NOTHING;

-- name: number_staged_holders
-- Locks the members and hands out a number for each of their rows. $1 now
UPDATE holder AS h
SET last_no = h.last_no + counted.row_count, last_at = greatest(h.last_at, $1::timestamptz)
FROM (
  SELECT
    holder_id,
    count(*)::int AS row_count
  FROM import_row
  GROUP BY holder_id
) AS counted
WHERE h.holder_id = counted.holder_id;

-- name: enter_staged_rows
-- The transactions and lots of all rows, numbered per member in the order of the lines. Transaction
-- uuids are of version 7: the milliseconds, then random bits and the line. What is immediate starts
-- when it is recorded; points that have expired by then, while the file was read, have a window too.
-- $1 program  $2 import  $3 user  $4 the first 24 hexadecimal digits of the uuids
WITH numbered AS MATERIALIZED (
  SELECT
    r.holder_id,
    r.line,
    r.amount,
    r.start_at,
    r.expires_at,
    r.shown_expires_at,
    r.name,
    r.validity,
    s.subledger_id,
    h.last_at,
    (
      h.last_no - count(*) OVER (PARTITION BY r.holder_id)
      + row_number() OVER (PARTITION BY r.holder_id ORDER BY r.line)
    )::int AS txn_no
  FROM import_row AS r
  JOIN holder AS h ON h.holder_id = r.holder_id
  JOIN subledger AS s ON s.program_id = $1::int AND s.name = r.subledger
), entered AS (
  INSERT INTO transaction_ AS t (
    holder_id, txn_no, transaction_uuid, program_id, subledger_id, kind, source, amount,
    recorded_at, effective_at, shown_start_at, shown_expires_at, creates_negative, validity,
    name, user_id, import_id
  )
  SELECT
    holder_id,
    txn_no,
    ($4::text || lpad(to_hex(line), 8, '0'))::uuid,
    $1::int,
    subledger_id,
    1,
    3,
    amount,
    last_at,
    last_at,
    start_at,
    shown_expires_at,
    false,
    validity,
    name,
    $3::int,
    $2::int
  FROM numbered
)
INSERT INTO lot AS l (
  holder_id, lot_no, program_id, subledger_id, recorded_at, effective_at, start_at, expires_at,
  amount, remaining
)
SELECT
  holder_id,
  txn_no,
  $1::int,
  subledger_id,
  last_at,
  last_at,
  coalesce(start_at, least(last_at, expires_at - interval '1 microsecond')),
  expires_at,
  amount,
  amount
FROM numbered;

-- name: list_staged_debtors
-- The members of the import that owe points, in this program or another. They are locked.
SELECT
  h.holder_id,
  h.last_no,
  h.last_at
FROM holder AS h
WHERE h.holder_id IN (SELECT r.holder_id FROM import_row AS r) AND h.owing_until > h.last_at
ORDER BY h.holder_id;

-- name: sum_effects
-- What the staged rows would change, debts apart. $1 program  $2 now
WITH members AS (
  SELECT DISTINCT holder_id
  FROM import_row
)
SELECT
  count(*) AS row_count,
  coalesce(sum(amount), 0)::bigint AS amount,
  coalesce(sum(amount) FILTER (WHERE expires_at <= $2::timestamptz), 0)::bigint AS expired,
  coalesce(sum(amount) FILTER (WHERE expires_at > $2 AND start_at > $2), 0)::bigint AS pending,
  (
    SELECT count(*)
    FROM members
  ) AS members,
  (
    SELECT count(*)
    FROM members AS m
    LEFT JOIN holder AS h ON h.holder_id = m.holder_id
    WHERE h.holder_id IS NULL
  ) AS new_members,
  (
    SELECT count(DISTINCT r.subledger)
    FROM import_row AS r
    LEFT JOIN subledger AS s ON s.program_id = $1::int AND s.name = r.subledger
    WHERE s.subledger_id IS NULL
  ) AS new_subledgers
FROM import_row;

-- name: count_doubtful
-- How many staged rows start in the past, have expired, expire soon, or hold more than so many
-- times what half of the rows exceed, worked out from some of them. $1 now  $2 soon  $3 times
WITH usual AS (
  SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY amount) AS amount
  FROM import_row
  WHERE line % (1 + (SELECT count(*) / 10000 FROM import_row)) = 0
)
SELECT
  count(*) FILTER (WHERE r.start_at < $1::timestamptz) AS starts_in_past,
  count(*) FILTER (WHERE r.expires_at <= $1) AS already_expired,
  count(*) FILTER (WHERE r.expires_at > $1 AND r.expires_at <= $2::timestamptz) AS expires_soon,
  count(*) FILTER (WHERE r.amount > u.amount * $3::int) AS unusually_large,
  coalesce(min(u.amount), 0)::bigint AS usual
FROM import_row AS r
CROSS JOIN usual AS u;

-- name: list_doubtful
-- The first lines of each kind of doubt. $1 now  $2 soon  $3 more than so much  $4 at most
SELECT
  ARRAY(
    SELECT line FROM import_row WHERE start_at < $1::timestamptz ORDER BY line LIMIT $4::int
  ) AS starts_in_past,
  ARRAY(
    SELECT line FROM import_row WHERE expires_at <= $1 ORDER BY line LIMIT $4
  ) AS already_expired,
  ARRAY(
    SELECT line FROM import_row
    WHERE expires_at > $1 AND expires_at <= $2::timestamptz ORDER BY line LIMIT $4
  ) AS expires_soon,
  ARRAY(
    SELECT line FROM import_row WHERE amount > $3::bigint ORDER BY line LIMIT $4
  ) AS unusually_large;

-- name: find_repeated
-- The rows that say the same of member, subledger, amount, start and expiry as an earlier one: how
-- many, and the first lines. $1 at most
WITH repeated AS (
  SELECT
    holder_id,
    count(*) - 1 AS more,
    max(line) AS line
  FROM import_row
  GROUP BY holder_id, subledger, amount, start_at, expires_at
  HAVING count(*) > 1
)
SELECT
  coalesce(sum(more), 0)::bigint AS row_count,
  ARRAY(
    SELECT line FROM repeated ORDER BY line LIMIT $1::int
  ) AS lines
FROM repeated;

-- name: list_rows_of_debtors
-- The staged rows of members who owe points, in subledgers that are there. $1 program  $2 now
SELECT
  r.holder_id,
  s.subledger_id,
  r.line,
  r.amount,
  r.start_at,
  r.expires_at,
  h.last_no,
  greatest(h.last_at, $2::timestamptz) AS last_at
FROM holder AS h
JOIN import_row AS r ON r.holder_id = h.holder_id
JOIN subledger AS s ON s.program_id = $1::int AND s.name = r.subledger
WHERE h.holder_id IN (SELECT i.holder_id FROM import_row AS i)
  AND h.owing_until > greatest(h.last_at, $2)
ORDER BY r.holder_id, r.line;
