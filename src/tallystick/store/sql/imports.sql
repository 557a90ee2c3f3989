-- An import of points: its rows are staged, checked as a whole, and entered set by set in one
-- transaction. Members without debts need no decision of the core: an addition is a transaction and
-- a lot. Members in debt are settled afterwards, member by member (services/imports.py).

-- name: take_turn
-- Imports are applied one after the other, so that they take their locks in no particular order.
LOCK TABLE import_turn IN SHARE ROW EXCLUSIVE MODE;

-- name: create_staging
-- The rows of this import, gone with the transaction. start_at NULL is "immediate"; shown_expires_at
-- NULL is expires_at.
CREATE TEMPORARY TABLE import_row (
  line int NOT NULL,
  holder_id uuid NOT NULL,
  integration_id text NOT NULL,
  amount bigint NOT NULL,
  start_at timestamptz,
  expires_at timestamptz NOT NULL,
  shown_expires_at timestamptz,
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
    coalesce(r.shown_expires_at, r.expires_at) AS shown_expires_at,
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

-- name: give_room
-- The rows of a file are grouped as a whole.
SELECT set_config('work_mem', '96MB', true);

-- name: usual_amount
-- What half of the staged rows exceed, worked out from some of them; nothing if there are none.
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY amount)
FROM import_row
WHERE line % (1 + (SELECT count(*) / 10000 FROM import_row)) = 0;

-- name: sum_rows
-- What the staged rows would change, debts apart, and how many of them start in the past, have
-- expired, expire soon, or hold more than so much. $1 program  $2 now  $3 soon  $4 so much
WITH part AS MATERIALIZED (
  SELECT
    holder_id,
    subledger,
    count(*) AS row_count,
    sum(amount) AS amount,
    sum(amount) FILTER (WHERE expires_at <= $2::timestamptz) AS expired,
    sum(amount) FILTER (WHERE expires_at > $2 AND start_at > $2) AS pending,
    count(*) FILTER (WHERE start_at < $2) AS starts_in_past,
    count(*) FILTER (WHERE expires_at <= $2) AS already_expired,
    count(*) FILTER (WHERE expires_at > $2 AND expires_at <= $3::timestamptz) AS expires_soon,
    count(*) FILTER (WHERE amount > $4::bigint) AS unusually_large
  FROM import_row
  GROUP BY holder_id, subledger
)
SELECT
  coalesce(sum(row_count), 0)::bigint AS row_count,
  coalesce(sum(amount), 0)::bigint AS amount,
  coalesce(sum(expired), 0)::bigint AS expired,
  coalesce(sum(pending), 0)::bigint AS pending,
  coalesce(sum(starts_in_past), 0)::bigint AS starts_in_past,
  coalesce(sum(already_expired), 0)::bigint AS already_expired,
  coalesce(sum(expires_soon), 0)::bigint AS expires_soon,
  coalesce(sum(unusually_large), 0)::bigint AS unusually_large,
  (
    SELECT count(*)
    FROM (SELECT DISTINCT holder_id FROM part) AS member
  ) AS members,
  (
    SELECT count(*)
    FROM (SELECT DISTINCT holder_id FROM part) AS member
    LEFT JOIN holder AS h ON h.holder_id = member.holder_id
    WHERE h.holder_id IS NULL
  ) AS new_members,
  (
    SELECT count(*)
    FROM (SELECT DISTINCT subledger FROM part) AS used
    LEFT JOIN subledger AS s ON s.program_id = $1::int AND s.name = used.subledger
    WHERE s.subledger_id IS NULL
  ) AS new_subledgers
FROM part;

-- name: starts_in_past
-- Its first lines. $1 now  $2 at most
SELECT line
FROM import_row
WHERE start_at < $1
ORDER BY line
LIMIT $2;

-- name: already_expired
-- Its first lines. $1 now  $2 at most
SELECT line
FROM import_row
WHERE expires_at <= $1
ORDER BY line
LIMIT $2;

-- name: expires_soon
-- Its first lines. $1 now  $2 soon  $3 at most
SELECT line
FROM import_row
WHERE expires_at > $1 AND expires_at <= $2
ORDER BY line
LIMIT $3;

-- name: unusually_large
-- Its first lines. $1 more than so much  $2 at most
SELECT line
FROM import_row
WHERE amount > $1
ORDER BY line
LIMIT $2;

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
